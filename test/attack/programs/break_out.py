"""Mounts, remounts, namespaces, devices and rights: every way to more than the sandbox was given."""

import ctypes
import glob
import os
import stat

from probe import judge, libc, refusal

MS_RDONLY, MS_REMOUNT, MS_BIND, MNT_DETACH = 1, 32, 4096, 2
NAMESPACES = {"mnt": 0x20000, "cgroup": 0x2000000, "uts": 0x4000000, "ipc": 0x8000000, "user": 0x10000000, "pid": 0x20000000, "net": 0x40000000}  # fmt: skip


def checked(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), "refused")


def mount(source, target, kind, flags):
    checked(libc.mount(source, target, kind, flags, None))


def write(path, text="1"):
    with open(path, "w") as file:
        file.write(text)


def enter(path, kind):
    fd = os.open(path, os.O_RDONLY)
    try:
        checked(libc.setns(fd, kind))
    finally:
        os.close(fd)


with open("/proc/self/status") as status:
    NO_NEW_PRIVILEGES = "NoNewPrivs:\t1" in status.read()


def gain(program):
    """A program that lends its owner's rights elsewhere: has no such mode here, or lies where, or is asked by whom, it does not count."""
    lends = os.stat(program).st_mode & (stat.S_ISUID | stat.S_ISGID)
    if not lends or os.statvfs(program).f_flag & os.ST_NOSUID or NO_NEW_PRIVILEGES:
        raise PermissionError(1, "lends nothing")


SYSCTLS = ("kernel/core_pattern", "kernel/hostname", "kernel/modprobe", "vm/drop_caches", "kernel/sysrq", "net/ipv4/ip_forward")
DEVICES = ("mem", "kmem", "port", "kmsg", "sda", "vda", "fuse", "net/tun", "kvm", "loop-control", "vsock", "vhost-vsock")
LENDERS = ("/usr/bin/su", "/usr/bin/passwd", "/usr/bin/mount", "/usr/bin/sudo", "/usr/bin/newuidmap", "/usr/bin/bwrap")

attempts = [
    ("mount tmpfs", mount, b"none", b"/tmp", b"tmpfs", 0),
    ("mount proc", mount, b"none", b"/tmp", b"proc", 0),
    ("mount cgroup", mount, b"none", b"/tmp", b"cgroup", 0),
    ("mount cgroup2", mount, b"none", b"/tmp", b"cgroup2", 0),
    ("mount overlay", mount, b"none", b"/tmp", b"overlay", 0),
    ("bind", mount, b"/", b"/tmp", b"", MS_BIND),
    ("remount / writable", mount, b"none", b"/", b"", MS_REMOUNT),
    ("remount /usr writable", mount, b"none", b"/usr", b"", MS_REMOUNT | MS_BIND),
    ("remount /proc", mount, b"none", b"/proc", b"", MS_REMOUNT),
    ("unmount /proc", lambda: checked(libc.umount2(b"/proc", MNT_DETACH))),
    ("unmount /sandbox", lambda: checked(libc.umount2(b"/sandbox", MNT_DETACH))),
    ("chroot", os.chroot, "/tmp"),
    ("become root", os.setuid, 0),
    ("effective root", os.seteuid, 0),
    ("group root", os.setgid, 0),
    ("groups", os.setgroups, [0]),
    ("a device", os.mknod, "/tmp/disk", 0o600 | stat.S_IFBLK, os.makedev(8, 0)),
    ("memory as a device", os.mknod, "/tmp/memory", 0o600 | stat.S_IFCHR, os.makedev(1, 1)),
    ("chown", os.chown, "/sandbox", 0, 0),
    ("sysrq", write, "/proc/sysrq-trigger", "b"),
    ("a file in /", write, "/escaped"),
    ("a file in /usr", write, "/usr/escaped"),
    ("the agent", write, "/opt/repl_runner/agent.py"),
    ("/etc/ld.so.preload", write, "/etc/ld.so.preload", "/sandbox/evil.so"),
    ("uid_map", write, "/proc/self/uid_map", "0 0 1"),
    ("setgroups file", write, "/proc/self/setgroups", "allow"),
]
attempts += [("unshare " + name, lambda kind=kind: checked(libc.unshare(kind))) for name, kind in NAMESPACES.items()]
attempts += [("join own " + name, enter, "/proc/self/ns/" + name, kind) for name, kind in NAMESPACES.items()]
attempts += [("join the agent's " + name, enter, "/proc/1/ns/" + name, kind) for name, kind in NAMESPACES.items()]
attempts += [("sysctl " + name, write, "/proc/sys/" + name) for name in SYSCTLS]
attempts += [("/dev/" + name, os.open, "/dev/" + name, os.O_RDWR) for name in DEVICES]
attempts += [(name, gain, name) for name in LENDERS]
attempts += [(path, write, path) for path in glob.glob("/sys/fs/cgroup/**/cgroup.procs", recursive=True)]
attempts += [(path, write, path) for path in glob.glob("/sys/fs/cgroup/**/*limit_in_bytes", recursive=True)]
attempts += [(path, write, path) for path in glob.glob("/sys/fs/cgroup/**/*release*", recursive=True)]
# Not even a mistake of ours may leave a word here.
for path in ("/sys/kernel/uevent_helper", "/sys/power/state", "/sys/fs/cgroup/memory.max"):
    attempts.append((path, write, path))
judge(attempts)
assert refusal(os.stat, "/escaped") == "ENOENT"
