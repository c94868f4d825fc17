"""Loads the user's code as a module, and tells what an exception says to its author: frames of the code alone."""

import errno
import linecache
import os
import sys
import traceback
import types

MAX_TRACEBACK = 20_000
MAX_MESSAGE = 2_000
MODULE = "solution"
WORKSPACE = "/sandbox"
_OWN_FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def load(code, file, entry_point):
    """The callable named by `entry_point`, a dotted name in the module made of `code`, or of a file of the workspace."""
    # The interpreter was started isolated, so that no file of the user's is imported before this.
    added = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:0] = [WORKSPACE, *(path for path in added if path)]
    name, path = MODULE, MODULE + ".py"
    if code is None:
        path = os.path.join(WORKSPACE, file)
        name = os.path.splitext(os.path.basename(path))[0]
        with open(path, "rb") as source:
            code = source.read()
    else:
        # Tracebacks show the lines of a file that exists nowhere.
        linecache.cache[path] = (len(code), None, code.splitlines(True), path)
    sys.argv = [path]
    module = types.ModuleType(name)
    module.__file__ = path
    sys.modules[name] = module
    exec(compile(code, path, "exec", dont_inherit=True), module.__dict__)
    target = module
    for part in entry_point.split("."):
        target = getattr(target, part)
    if not callable(target):
        raise TypeError("%s is a %s, which cannot be called" % (entry_point, type(target).__name__))
    return target


def failure(error):
    """What an exception says: its kind in the words of outcomes, a line, and the traceback."""
    if isinstance(error, MemoryError):
        kind = "out_of_memory"
    else:
        kind = "disk_full" if isinstance(error, OSError) and error.errno in _FULL else "runtime_error"
    try:
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename.startswith(_OWN_FOLDER):
            trace = trace.tb_next
        text = "".join(traceback.format_exception(type(error), error, trace))
        line = "".join(traceback.format_exception_only(type(error), error)).strip().splitlines()[-1]
    except Exception:  # of a __str__ of the user's
        line = text = type(error).__name__
    if len(text) > MAX_TRACEBACK:
        half = MAX_TRACEBACK // 2
        text = text[:half] + "\n\u2026\n" + text[-half:]
    return {"kind": kind, "message": line[:MAX_MESSAGE], "traceback": text}
