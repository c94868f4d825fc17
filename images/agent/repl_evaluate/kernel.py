"""What evaluate.py asks of the kernel beyond the os module: who may trace it, who inherits orphans, and the counters."""

import ctypes
import os
import signal

_PDEATHSIG, _DUMPABLE, _SUBREAPER = 1, 4, 36
_CGROUP = "/sys/fs/cgroup/"
_libc = ctypes.CDLL(None, use_errno=True)


def become_supervisor():
    """Processes of the same user can neither trace this one nor open its descriptors; what they orphan becomes its child."""
    _libc.prctl(_DUMPABLE, 0, 0, 0, 0)
    _libc.prctl(_SUBREAPER, 1, 0, 0, 0)


def make_dumpable():
    _libc.prctl(_DUMPABLE, 1, 0, 0, 0)


def die_with_parent():
    _libc.prctl(_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def data_bytes():
    """What RLIMIT_DATA counts of this process at the moment."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[5]) * os.sysconf("SC_PAGE_SIZE")


def counters():
    """(processes killed for want of memory, forks refused) of this sandbox; 0 where the kernel does not tell."""
    oom = _counter(("memory/memory.oom_control", "memory.events"), "oom_kill")
    return oom, _counter(("pids/pids.events", "pids.events"), "max")


def _counter(paths, key):
    for path in paths:
        try:
            with open(_CGROUP + path) as file:
                lines = file.read().splitlines()
        except OSError:
            continue
        for line in lines:
            name, _, value = line.partition(" ")
            if name == key:
                return int(value)
    return 0


def descendants(root):
    """Pids of every living process beneath `root`, and those of its own children that have ended."""
    children, ended = {}, []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % name, "rb") as file:
                state, parent = file.read().rpartition(b")")[2].split()[:2]
        except OSError:
            continue  # gone since it was listed
        if state not in (b"Z", b"X"):
            children.setdefault(int(parent), []).append(int(name))
        elif int(parent) == root:
            ended.append(int(name))
    found, unseen = set(), [root]
    while unseen:
        new = children.get(unseen.pop(), [])
        found.update(new)
        unseen.extend(new)
    return found, ended
