"""Ends everything that a case has started, however it hid: orphans come to the supervisor, which is their subreaper."""

import os
import signal
import time

from . import kernel

_SECONDS = 5.0


def existing():
    """Pids of what the code has started while it was loaded, which is spared."""
    return frozenset(kernel.descendants(os.getpid())[0]) if _has_children() else frozenset()


def end_all(spared):
    """False where something resists. Stops before it kills: a stopped process keeps its place, so that a fork bomb stays
    at its limit instead of filling up what was killed."""
    deadline = time.monotonic() + _SECONDS
    stopped = set()
    while time.monotonic() < deadline:
        if not _has_children():
            return True
        found, ended = kernel.descendants(os.getpid())
        for pid in ended:
            _reap(pid)
        found -= spared
        # What had ended may have forked after /proc was listed: only a look that meets neither is the last one.
        if not found and not ended:
            return True
        _send(found, signal.SIGKILL if found <= stopped else signal.SIGSTOP)
        stopped |= found
    return False


def _has_children():
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return True
    except ChildProcessError:
        return False


def _reap(pid):
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass


def _send(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except OSError:
            pass  # gone already
