"""Tries, from inside a sandbox, whether each protection really holds, and prints one JSON object with what it found.

Run with `python3 -I -c <this text> <expected limits as JSON>` as a user's process would be. For each protection the answer
has a boolean and a detail. It harms nothing but its own sandbox, and it judges nothing: the runner decides what a missing
protection means. Python 3.9 to 3.14, standard library only.
"""

import ctypes
import errno
import json
import os
import resource
import signal
import socket
import sys

CGROUP = "/sys/fs/cgroup/"
UID, GID = 41966, 51966
# The agent, this process and the launcher around them take a few of the processes.
PROCESS_SLACK = 4
ENVIRONMENT = {
    "PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "USER", "LOGNAME", "SHELL", "PWD", "OLDPWD", "SHLVL", "TERM",
    "HOSTNAME", "COLUMNS", "LINES", "_",
}  # fmt: skip
# Numbers of system calls by machine; from 424 on all machines count alike.
SYSCALLS = {
    "x86_64": {
        "unshare": 272, "mount": 165, "ptrace": 101, "add_key": 248, "bpf": 321, "process_vm_readv": 310,
        "userfaultfd": 323, "io_setup": 206,
    },
    "aarch64": {
        "unshare": 97, "mount": 40, "ptrace": 117, "add_key": 217, "bpf": 280, "process_vm_readv": 270,
        "userfaultfd": 282, "io_setup": 0,
    },
}  # fmt: skip
NEWER_SYSCALLS = {"io_uring_setup": 425, "open_tree": 428, "fsopen": 430, "clone3": 435, "pidfd_getfd": 438}
TIOCSTI = 0x5412
AF_ALG, AF_VSOCK, IPPROTO_SCTP = 38, 40, 132

libc = ctypes.CDLL(None, use_errno=True)


def read(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return None


def refusal(call, *arguments):
    """The name of the error with which a call is refused, or None when it went through."""
    try:
        call(*arguments)
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error.errno))
    return None


def all_refused(attempts):
    """Of (label, call, arguments...): whether every call is refused, and how each went."""
    outcomes = [(label, refusal(call, *arguments)) for label, call, *arguments in attempts]
    return all(how for _, how in outcomes), ", ".join("%s: %s" % (label, how or "ALLOWED") for label, how in outcomes)


def status():
    lines = (read("/proc/self/status") or "").splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def number(*paths):
    """The first number among cgroup files; None where there is none or it says that there is no limit."""
    for path in paths:
        text = (read(CGROUP + path) or "").split()
        if text and text[0].lstrip("-").isdigit():
            value = int(text[0])
            return value if 0 <= value < 1 << 60 else None
    return None


def check_user(_):
    ids = (*os.getresuid(), *os.getresgid())
    return ids == (UID,) * 3 + (GID,) * 3 and set(os.getgroups()) <= {GID}, "%s groups %s" % (ids, os.getgroups())


def check_capabilities(_):
    found = {name: value for name, value in status().items() if name.startswith("Cap")}
    return bool(found) and all(int(value, 16) == 0 for value in found.values()), str(found)


def check_no_new_privileges(_):
    return status().get("NoNewPrivs") == "1", "NoNewPrivs " + status().get("NoNewPrivs", "unknown")


def syscall(number_, *arguments):
    result = libc.syscall(ctypes.c_long(number_), *(ctypes.c_ulong(argument) for argument in arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), "syscall")


def type_into_terminal():
    # The kernel looks at the low half of the request alone.
    if libc.ioctl(ctypes.c_int(0), ctypes.c_ulong(TIOCSTI + (1 << 40)), b"x") != 0:
        raise OSError(ctypes.get_errno(), "ioctl")


def check_seccomp(_):
    known = SYSCALLS.get(os.uname().machine)
    if known is None:
        return False, "unknown machine " + os.uname().machine
    numbers = {**known, **NEWER_SYSCALLS}
    # Without the filter the arguments make these succeed or fail with another error (bpf: unless the host forbids it).
    attempts = [(name, syscall, numbers[name], 0, 0, 0, 0, 0) for name in numbers if name != "bpf"]
    attempts += [
        ("bpf", syscall, numbers["bpf"], 1 << 20, 0, 0),
        ("AF_NETLINK", socket.socket, 16, socket.SOCK_RAW),
        ("AF_ALG", socket.socket, AF_ALG, socket.SOCK_STREAM),
        ("AF_VSOCK", socket.socket, AF_VSOCK, socket.SOCK_STREAM),
        ("SCTP", socket.socket, socket.AF_INET, socket.SOCK_STREAM, IPPROTO_SCTP),
        ("TIOCSTI", type_into_terminal),
    ]
    outcomes = {label: refusal(call, *arguments) for label, call, *arguments in attempts}
    # What makes the C library and runtimes take another way.
    expected = {"clone3": "ENOSYS", "io_setup": "ENOSYS"}
    wrong = {label: how for label, how in outcomes.items() if how != expected.get(label, "EPERM")}
    holds = status().get("Seccomp") == "2" and not wrong
    return holds, "mode %s, %s" % (status().get("Seccomp"), wrong or "all %d refused" % len(outcomes))


def write_probe(folder):
    path = os.path.join(folder, ".self-check")
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
    os.unlink(path)


def check_read_only_root(_):
    folders = ("/", "/usr", "/usr/bin", "/etc", "/opt", "/opt/repl_runner", "/dev", "/var/tmp")
    return all_refused([(folder, write_probe, folder) for folder in folders if os.path.isdir(folder)])


def mounts():
    found = {}
    for line in (read("/proc/self/mountinfo") or "").splitlines():
        left, _, right = line.partition(" - ")
        found[left.split()[4]] = (set(left.split()[5].split(",")), right.split()[0])
    return found


def sized(path, limit):
    _, kind = mounts().get(path, (set(), "no mount of its own"))
    stat = os.statvfs(path)
    size = stat.f_blocks * stat.f_frsize
    return kind == "tmpfs" and 0 < size <= limit + 4096, "%s of %d bytes" % (kind, size)


def check_workspace_size(expected):
    return sized("/sandbox", expected["disk_bytes"])


def check_tmp_size(expected):
    return sized("/tmp", expected["disk_bytes"])


def check_inodes(expected):
    found = {path: os.statvfs(path).f_files for path in ("/sandbox", "/tmp")}
    # 0 stands for no limit.
    return all(0 < count <= expected["inodes"] for count in found.values()), str(found)


def check_mount_flags(_):
    found = mounts()
    flags = {path: found.get(path, (set(), ""))[0] for path in ("/sandbox", "/tmp")}
    return all({"nosuid", "nodev"} <= have for have in flags.values()), str({k: sorted(v) for k, v in flags.items()})


def connect(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as attempt:
        attempt.settimeout(0.2)
        attempt.connect(address)


def check_network(_):
    lines = (read("/proc/self/net/dev") or "").splitlines()[2:]
    interfaces = [line.partition(":")[0].strip() for line in lines]
    outcomes = [refusal(connect, socket.AF_INET, ("192.0.2.1", 80)), refusal(connect, socket.AF_INET6, ("2001:db8::1", 80))]
    at_once = {"ENETUNREACH", "EADDRNOTAVAIL", "EAFNOSUPPORT", "EHOSTUNREACH"}
    return interfaces == ["lo"] and at_once >= set(outcomes), "interfaces %s, connects %s" % (interfaces, outcomes)


def memory_limit():
    return number("memory/memory.limit_in_bytes", "memory.max")


def check_memory(expected):
    limit, data = memory_limit(), resource.getrlimit(resource.RLIMIT_DATA)[1]
    holds = any(0 < value <= expected["memory_bytes"] for value in (limit or 0, data))
    return holds, "cgroup %s, RLIMIT_DATA %s" % (limit, data)


def check_total_memory(expected):
    limit = memory_limit()
    return limit is not None and limit <= expected["memory_bytes"], "cgroup %s" % limit


def check_swap(expected):
    with_swap, swap = number("memory/memory.memsw.limit_in_bytes"), number("memory.swap.max")
    swap_there = len((read("/proc/swaps") or "").splitlines()) > 1
    limited = swap == 0 or (with_swap is not None and with_swap <= expected["memory_bytes"])
    return limited or not swap_there, "memory with swap %s, swap %s, on the host %s" % (with_swap, swap, swap_there)


def fork_waiting(pipe):
    """A child that does nothing but hold its place until the pipe's writing end is closed."""
    pid = os.fork()
    if pid == 0:
        os.close(pipe[1])
        os.read(pipe[0], 1)
        os._exit(0)
    return pid


def fork_until_refused(most):
    pipe, pids, how = os.pipe(), [], None
    try:
        while len(pids) < most and how is None:
            try:
                pids.append(fork_waiting(pipe))
            except OSError as error:
                how = errno.errorcode.get(error.errno, str(error.errno))
    finally:
        os.close(pipe[1])
        for pid in pids:
            os.waitpid(pid, 0)
        os.close(pipe[0])
    return len(pids), how


def check_processes(expected):
    count, how = fork_until_refused(expected["processes"] + PROCESS_SLACK)
    return how == "EAGAIN", "%d children, then %s" % (count, how or "no refusal")


def check_cpu(expected):
    quota, period = number("cpu/cpu.cfs_quota_us", "cpu,cpuacct/cpu.cfs_quota_us"), number(
        "cpu/cpu.cfs_period_us", "cpu,cpuacct/cpu.cfs_period_us"
    )
    words = (read(CGROUP + "cpu.max") or "").split()
    if len(words) == 2 and words[0].isdigit():
        quota, period = int(words[0]), int(words[1])
    holds = bool(quota and period) and quota / period <= expected["cpus"] * 1.01
    return holds, "quota %s of %s" % (quota, period)


def check_open_files(expected):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return 0 < hard <= expected["open_files"], "RLIMIT_NOFILE %d" % hard


def check_core_dumps(_):
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    return hard == 0, "RLIMIT_CORE %d" % hard


class Rlimit(ctypes.Structure):
    _fields_ = [("soft", ctypes.c_ulong), ("hard", ctypes.c_ulong)]


def lower_limit_of_agent():
    lower = Rlimit(64, 64)
    if libc.prlimit(1, resource.RLIMIT_NOFILE, ctypes.byref(lower), None) != 0:
        raise OSError(ctypes.get_errno(), "prlimit")


def check_agent(_):
    denied, how = all_refused(
        [
            ("mem", open, "/proc/1/mem", "rb"),
            ("environ", open, "/proc/1/environ", "rb"),
            ("fd", os.listdir, "/proc/1/fd"),
            ("prlimit", lower_limit_of_agent),
            ("affinity", os.sched_setaffinity, 1, os.sched_getaffinity(0)),
            ("scheduler", os.sched_setscheduler, 1, os.SCHED_OTHER, os.sched_param(0)),
            ("priority", os.setpriority, os.PRIO_PROCESS, 1, 19),
        ]
    )
    for harmless in (signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(1, harmless)
    return denied and os.getpid() != 1 and os.path.exists("/proc/1"), how


def check_environment(expected):
    strange = sorted(set(os.environ) - ENVIRONMENT - set(expected.get("environment", [])))
    return not strange, "not on the list: %s" % strange


def check_host_files(_):
    paths = ("/etc/shadow", "/root/.profile", "/proc/kcore", "/var/run/docker.sock", "/run/docker.sock")
    denied, how = all_refused([(path, open, path, "rb") for path in paths])
    listed, how_listed = all_refused([(path, os.listdir, path) for path in ("/root", "/home/.", "/var/lib/docker")])
    people = refusal(os.listdir, "/home") is None and os.listdir("/home")
    return denied and (listed or not people), "%s, %s, people %s" % (how, how_listed, people or [])


CHECKS = {
    "user": check_user,
    "capabilities": check_capabilities,
    "no-new-privileges": check_no_new_privileges,
    "seccomp": check_seccomp,
    "read-only-root": check_read_only_root,
    "workspace-size": check_workspace_size,
    "tmp-size": check_tmp_size,
    "inodes": check_inodes,
    "mount-flags": check_mount_flags,
    "network": check_network,
    "memory": check_memory,
    "total-memory": check_total_memory,
    "swap": check_swap,
    "processes": check_processes,
    "cpu": check_cpu,
    "open-files": check_open_files,
    "core-dumps": check_core_dumps,
    "agent": check_agent,
    "environment": check_environment,
    "host-files": check_host_files,
}


def main():
    expected = json.loads(sys.argv[1])
    report = {}
    for name, check in CHECKS.items():
        try:
            holds, detail = check(expected)
        except Exception as error:  # a check that cannot be made protects nobody
            holds, detail = False, "%s: %s" % (type(error).__name__, error)
        report[name] = {"holds": bool(holds), "detail": detail[:500]}
    print(json.dumps(report))


main()
