"""Everything that a process of the same user could try on the agent: its memory, descriptors, limits, and every signal."""

import ctypes
import os
import resource
import signal

from probe import judge, libc, syscall

PTRACE_ATTACH, PTRACE_SEIZE = 16, 0x4206


def checked(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


class Piece(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def copy_memory(call):
    page = ctypes.create_string_buffer(64)
    here = Piece(ctypes.addressof(page), 64)
    there = Piece(0x400000, 64)
    checked(call(1, ctypes.byref(here), 1, ctypes.byref(there), 1, 0))


def take_descriptor():
    # pidfd_getfd; 438 on every architecture.
    syscall(438, os.pidfd_open(1), 1, 0)


one = ctypes.c_ulong * 2
attempts = [
    ("attach", lambda: checked(libc.ptrace(PTRACE_ATTACH, 1, 0, 0))),
    ("seize", lambda: checked(libc.ptrace(PTRACE_SEIZE, 1, 0, 0))),
    ("read its memory", copy_memory, libc.process_vm_readv),
    ("write its memory", copy_memory, libc.process_vm_writev),
    ("take a descriptor", take_descriptor),
    ("lower its limits", lambda: checked(libc.prlimit(1, resource.RLIMIT_NOFILE, ctypes.byref(one(1, 1)), None))),
    ("its CPU time", lambda: checked(libc.prlimit(1, resource.RLIMIT_CPU, ctypes.byref(one(1, 1)), None))),
    ("its priority", os.setpriority, os.PRIO_PROCESS, 1, 19),
    ("every priority", os.setpriority, os.PRIO_USER, 0, 19),
    ("its CPUs", os.sched_setaffinity, 1, {0}),
    ("its scheduler", os.sched_setscheduler, 1, os.SCHED_IDLE, os.sched_param(0)),
    ("its directory", os.chdir, "/proc/1/cwd"),
    ("its root", os.listdir, "/proc/1/root"),
    ("its descriptors", os.listdir, "/proc/1/fd"),
    ("its output", os.open, "/proc/1/fd/1", os.O_WRONLY),
    ("its input", os.open, "/proc/1/fd/0", os.O_RDONLY),
    ("its mapped files", os.listdir, "/proc/1/map_files"),
    ("its program", os.readlink, "/proc/1/exe"),
]
for name in ("mem", "environ", "maps", "smaps", "auxv", "stack", "syscall", "pagemap", "personality", "io", "timers"):
    attempts.append(("its " + name, lambda name=name: open("/proc/1/" + name, "rb").read(1)))
for name in ("mem", "comm", "oom_score_adj", "oom_adj", "clear_refs", "coredump_filter", "timerslack_ns", "autogroup", "sched"):
    attempts.append(("set its " + name, write, "/proc/1/" + name, "0"))
for number in range(1, signal.NSIG):
    for send in (os.kill, signal.pidfd_send_signal if hasattr(signal, "pidfd_send_signal") else None):
        if send is os.kill:
            os.kill(1, number)
        elif send is not None:
            send(os.pidfd_open(1), number)
judge(attempts)
