"""Takes all that it can get of what the kernel counts for a user or for the whole host, and holds it until `enough` is there."""

import ctypes
import fcntl
import os
import signal
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)


def terminals():
    return os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY)


def pipes():
    read, write = os.pipe()
    fcntl.fcntl(write, 1031, 1 << 20)  # F_SETPIPE_SZ


def watches():
    if libc.inotify_init() < 0:
        raise OSError(ctypes.get_errno(), "inotify_init")


def signals():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGRTMIN})
    if libc.sigqueue(os.getpid(), signal.SIGRTMIN, None) != 0:
        raise OSError(ctypes.get_errno(), "sigqueue")


def timers():
    if libc.timer_create(0, None, ctypes.byref(ctypes.c_void_p())) != 0:
        raise OSError(ctypes.get_errno(), "timer_create")


def locks():
    name = "/tmp/lock%d" % os.getpid()
    fd = os.open(name, os.O_CREAT | os.O_RDWR)
    for at in range(0, 4_000, 2):
        fcntl.lockf(fd, fcntl.LOCK_EX, 1, at)
    raise OSError(0, "enough")


one_more = globals()[sys.argv[1]]
for _ in range(20):
    if os.fork() == 0:
        break
try:
    for _ in range(20_000):
        one_more()
except OSError:
    pass
try:
    os.mknod("/sandbox/held")  # needs no descriptor
except FileExistsError:
    pass
while not os.path.exists("/sandbox/enough"):
    time.sleep(0.05)
