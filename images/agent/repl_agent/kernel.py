"""What the agent asks of the kernel beyond the os module: being undumpable, and the cgroup's own counters.

Counters are read where a container sees its cgroup, version 1 or 2; a sandbox without a cgroup reads as None.
"""

import ctypes
import os

PR_SET_DUMPABLE = 4
CGROUP = "/sys/fs/cgroup/"


def make_undumpable():
    """Processes of the same user can then neither trace this one nor open its memory, descriptors or environment."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_DUMPABLE)")


def prefer_for_oom(pid):
    """Makes the kernel choose this process, and what it starts, before the agent."""
    try:
        with open("/proc/%d/oom_score_adj" % pid, "w") as file:
            file.write("1000")
    except OSError:
        pass  # it is gone already, or the kernel forbids it: the agent is merely less preferred


def _read(path):
    try:
        with open(CGROUP + path) as file:
            return file.read()
    except OSError:
        return None


def _counter(path, key):
    for line in (_read(path) or "").splitlines():
        name, _, value = line.partition(" ")
        if name == key:
            return int(value)
    return None


def _number(*paths):
    for path in paths:
        text = (_read(path) or "").strip()
        if text.isdigit():
            return int(text)
    return None


def oom_kills():
    """How many processes of this sandbox the kernel has killed for want of memory."""
    count = _counter("memory/memory.oom_control", "oom_kill")
    return count if count is not None else _counter("memory.events", "oom_kill")


def fork_refusals():
    """How many forks the process limit has refused."""
    count = _counter("pids/pids.events", "max")
    return count if count is not None else _counter("pids.events", "max")


def process_limit():
    return _number("pids/pids.max", "pids.max")


def memory_limit_bytes():
    return _number("memory/memory.limit_in_bytes", "memory.max")


def usage():
    """Bytes, nanoseconds and counts of the whole sandbox; None where the kernel does not tell."""
    disk = os.statvfs("/sandbox")
    cpu_usec = _counter("cpu.stat", "usage_usec")
    cpu_nanos = _number("cpuacct/cpuacct.usage", "cpu,cpuacct/cpuacct.usage")
    return {
        "memory_bytes": _number("memory/memory.usage_in_bytes", "memory.current"),
        "memory_peak_bytes": _number("memory/memory.max_usage_in_bytes", "memory.peak"),
        "memory_limit_bytes": memory_limit_bytes(),
        "cpu_nanos": cpu_nanos if cpu_usec is None else cpu_usec * 1000,
        "processes": sum(1 for name in os.listdir("/proc") if name.isdigit()) - 1,
        "disk_bytes": (disk.f_blocks - disk.f_bfree) * disk.f_frsize,
        "oom_kills": oom_kills(),
        "fork_refusals": fork_refusals(),
    }
