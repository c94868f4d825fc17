"""Marks on processes: which run a process belongs to, however often it forks, leaves its group or is orphaned.

The mark is the soft limit of a resource that only real-time scheduling uses, which nobody has here: every child inherits
it, and the kernel shows it. A program that changes it on purpose takes its mark off.
"""

import os
import resource
import signal

LIMIT = resource.RLIMIT_RTTIME
# Microseconds, 35 years: no limit to anybody, and far from what somebody would set.
BASE = 1 << 50
LINE = b"Max realtime timeout"


def soft_limit(number):
    """The mark for `process.start`."""
    return LIMIT, BASE + number


def of(pid):
    """The number that a process is marked with, alive or not yet reaped; None without a mark."""
    try:
        with open("/proc/%d/limits" % pid, "rb", buffering=0) as file:
            text = file.read(4096)
    except OSError:
        return None
    at = text.find(LINE)
    limits = text[at + len(LINE) :].split(None, 1) if at >= 0 else []
    if not limits or not limits[0].isdigit():
        return None
    return int(limits[0]) - BASE if int(limits[0]) > BASE else None


def processes():
    """(pid, mark) of every other process of the sandbox."""
    own = os.getpid()
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return [(pid, of(pid)) for pid in pids if pid != own]


def kill(pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass  # it is gone


def cpu_seconds(pid):
    """What a process and its reaped children have used so far; 0 for one that is gone."""
    try:
        with open("/proc/%d/stat" % pid, "rb", buffering=0) as file:
            fields = file.read(4096).rpartition(b")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
