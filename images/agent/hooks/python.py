"""Python's start-up hook: waits, in the interpreter that the user will get, until the session is claimed.

It runs in __main__, so everything sits in one function that is deleted at the end. While it waits it imports what the
REPL of Python 3.13 and later loads before its first prompt, and nothing that a user's file could be named after.
"""


def _repl_runner_wait():
    import _signal
    import os
    import sys

    # The claim sets the terminal's size, which readline learns at its first prompt by this signal, and not while it waits.
    resized = (_signal.SIGWINCH,)
    _signal.pthread_sigmask(_signal.SIG_BLOCK, resized)
    fd = int(os.environ.pop("REPL_RUNNER_HOOK_FD"))
    del os.environ["PYTHONSTARTUP"]
    if sys.version_info >= (3, 13):
        for name in ("main", "readline", "simple_interact", "console", "unix_console"):
            try:
                __import__("_pyrepl." + name)
            except ImportError:
                pass
    for name in ("readline", "rlcompleter"):
        try:
            __import__(name)
        except ImportError:
            pass
    os.write(fd, b"R")
    claim = b""
    while True:
        data = os.read(fd, 65536)
        if not data:
            break
        claim += data
    os.close(fd)
    if not claim:
        os._exit(0)  # the agent has no more use for this interpreter
    position = 0
    while claim[position] != 0:
        end = claim.index(b"\0", position)
        name, _, value = claim[position:end].partition(b"=")
        os.environb[name] = value
        position = end + 1
        if name == b"PYTHONUSERBASE":
            _repl_runner_user_site()
    _signal.pthread_sigmask(_signal.SIG_UNBLOCK, resized)
    sys.path_importer_cache.clear()
    return claim[position + 1 :].decode()


def _repl_runner_user_site():
    """What `site` does at the start with the folder that PYTHONUSERBASE names: here it is a new one."""
    import os
    import site
    import sys

    site.USER_BASE = site.USER_SITE = None
    folder = site.getusersitepackages()
    if folder in sys.path:
        return
    try:
        # A folder that is not there would be taken for one that never will be.
        os.makedirs(folder, exist_ok=True)
    except OSError:
        return
    before = list(sys.path)
    site.addsitedir(folder)
    added = [path for path in sys.path if path not in before]
    system = (at for at, path in enumerate(before) if path.endswith(("site-packages", "dist-packages")))
    at = next(system, len(before))
    sys.path[:] = before[:at] + added + before[at:]


def _repl_runner_begin():
    import sys

    namespace = sys.modules["__main__"].__dict__
    code = namespace.pop("_repl_runner_wait")()
    del namespace["_repl_runner_begin"], namespace["_repl_runner_user_site"]
    if code:
        try:
            exec(compile(code, "<startup>", "exec"), namespace)
        except (Exception, KeyboardInterrupt):
            kind, error, trace = sys.exc_info()
            sys.excepthook(kind, error.with_traceback(trace.tb_next), trace.tb_next)


_repl_runner_begin()
