"""What the agent asks of the kernel beyond the os module: being undumpable, and the cgroup's own counters.

Counters are read where a container sees its cgroup, version 1 or 2; a sandbox without a cgroup reads as None.
"""

import ctypes
import errno
import fcntl
import os

PR_SET_DUMPABLE = 4
RENAME_NOREPLACE = 1
CGROUP = "/sys/fs/cgroup/"
PTS = "/dev/pts"
WRITABLE = ("/sandbox", "/tmp")


def make_undumpable():
    """Processes of the same user can then neither trace this one nor open its memory, descriptors or environment."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_DUMPABLE)")


def rename_no_replace(name, new, src_dir_fd, dst_dir_fd):
    """os.rename that fails with EEXIST where something is there, in one step where the kernel can."""
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is not None:
        if renameat2(src_dir_fd, os.fsencode(name), dst_dir_fd, os.fsencode(new), RENAME_NOREPLACE) == 0:
            return
        number = ctypes.get_errno()
        if number not in (errno.ENOSYS, errno.EINVAL):
            raise OSError(number, os.strerror(number))
    try:
        os.stat(new, dir_fd=dst_dir_fd, follow_symlinks=False)
    except FileNotFoundError:
        os.rename(name, new, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)
        return
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))


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


def disk_full():
    """Whether a folder that the user may write to has no block or no inode left."""
    disks = [os.statvfs(path) for path in WRITABLE]
    return any(disk.f_bavail == 0 or (disk.f_files and disk.f_favail == 0) for disk in disks)


def tell_of_terminals():
    """SIGIO for each pseudo-terminal that is opened in this sandbox; False where the kernel does not tell."""
    try:
        # The notice ends with the descriptor, which stays open as long as the agent.
        fcntl.fcntl(os.open(PTS, os.O_RDONLY), fcntl.F_NOTIFY, fcntl.DN_CREATE | fcntl.DN_MULTISHOT)
    except OSError:
        return False
    return True


def terminals():
    """How many pseudo-terminals this sandbox holds, its own included."""
    return sum(1 for name in os.listdir(PTS) if name.isdigit())


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
