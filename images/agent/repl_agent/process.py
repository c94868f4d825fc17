"""Starting, ending and describing processes of the user. Holds no state and no loop.

Every child leads a session of its own, has default signals, no descriptor beyond those given, a lower priority than the
agent and a higher out-of-memory score. It is spawned and not forked: a fork copies the page tables
of the agent, which takes several times as long as the rest.
"""

import errno
import os
import resource
import signal
import stat
import time

from .first_for_oom import FirstForOom
from .low_priority import LowPriority

REAP_SECONDS = 5.0
# The C library keeps two signals to itself.
SIGNALS = [number for number in signal.valid_signals() if number not in (signal.SIGKILL, signal.SIGSTOP)]
# Takes a limit in KiB, then the command; a soft limit alone could be raised again.
LIMIT_DATA = ("/bin/sh", "-c", 'ulimit -d "$0" && exec "$@"')

_low_priority = LowPriority()
first_for_oom = FirstForOom()


class StartFailed(Exception):
    """The program could not be started; the text says why, the code in one word."""

    def __init__(self, message, code="start_failed"):
        super().__init__(message)
        self.code = code


def _code(number):
    """What a failure is called: no process to be had, no such program, or anything else."""
    if number == errno.EAGAIN:
        return "no_process"
    return "not_found" if number in (errno.ENOENT, errno.ENOTDIR) else "start_failed"


def on_terminal(path):
    """File actions that make a terminal the standard streams, and the controlling terminal of who leads a session."""
    return [(os.POSIX_SPAWN_OPEN, 0, path, os.O_RDWR, 0)] + [(os.POSIX_SPAWN_DUP2, 0, target) for target in (1, 2)]


def on_pipes(fds):
    """File actions that make these descriptors, all above 2, the standard streams."""
    return [(os.POSIX_SPAWN_DUP2, source, target) for target, source in enumerate(fds)]


def start(argv, env, cwd, streams, soft_limit=None, data_bytes=None):
    """Returns the pid once the program runs. Raises StartFailed.

    `streams` are file actions; `soft_limit` is a resource and its limit, which the program may change; `data_bytes` is the
    limit of each process's data, which it may not raise.
    """
    name = argv[0]
    try:
        program = _find(name, env, cwd)
        if data_bytes is not None:
            argv = [*LIMIT_DATA, str(data_bytes // 1024), program, *argv[1:]]
            program = argv[0]
        return _low_priority.call(lambda: _spawn(program, argv, env, cwd, streams, soft_limit))
    except OSError as error:
        raise StartFailed("%s: %s" % (name, error.strerror), _code(error.errno))


def _spawn(program, argv, env, cwd, streams, soft_limit):
    """The child has the folder and the limit of this process at that moment."""
    os.chdir(cwd)
    try:
        if soft_limit is None:
            return _posix_spawn(program, argv, env, streams)
        limit, value = soft_limit
        soft, hard = resource.getrlimit(limit)
        resource.setrlimit(limit, (value, hard))
        try:
            return _posix_spawn(program, argv, env, streams)
        finally:
            resource.setrlimit(limit, (soft, hard))
    finally:
        os.chdir("/")


def _posix_spawn(program, argv, env, streams):
    rules = {"setsid": True, "setsigmask": (), "setsigdef": SIGNALS}
    return first_for_oom.call(lambda: os.posix_spawn(program, argv, env, file_actions=streams, **rules))


def _find(name, env, cwd):
    """The program's path, by the PATH that it will have. Raises OSError."""
    if "/" in name:
        return name
    refusal = None
    for folder in env.get("PATH", os.defpath).split(":"):
        path = os.path.join(cwd, folder, name)
        try:
            if not stat.S_ISREG(os.stat(path).st_mode) or not os.access(path, os.X_OK):
                refusal = PermissionError(errno.EACCES, os.strerror(errno.EACCES))
                continue
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                refusal = error
            continue
        return path
    raise refusal or FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))


def describe(status):
    """A wait status as exit_code and signal, one of which is None."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        try:
            name = signal.Signals(number).name
        except ValueError:
            name = "SIG%d" % number
        return {"exit_code": None, "signal": name}
    return {"exit_code": os.WEXITSTATUS(status), "signal": None}


def kill_all():
    """Ends every process of the sandbox but this one and reaps them; False where some resist for five seconds."""
    deadline = time.monotonic() + REAP_SECONDS
    while time.monotonic() < deadline:
        try:
            os.kill(-1, signal.SIGKILL)
        except ProcessLookupError:
            pass
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                time.sleep(0.0005)
        except OSError as error:
            if error.errno == errno.ECHILD:
                return True
            raise
    return False
