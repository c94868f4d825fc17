"""Takes memory: at once, in small steps, in many processes that hide from the kernel's choice, or in files and segments."""

import ctypes
import mmap
import os
import sys
import time

MIB = 1024 * 1024


def fast():
    kept = b"x" * (4096 * MIB)
    print("had %d bytes" % len(kept))


def slowly():
    kept = []
    for _ in range(4096):
        kept.append(b"x" * MIB)
        time.sleep(0.005)
    print("had %d MiB" % len(kept))


def in_many():
    for _ in range(50):
        if os.fork() == 0:
            break
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("0")
    except OSError:
        pass
    kept = [b"x" * (MIB // 4) for _ in range(24) if not time.sleep(0.02)]
    time.sleep(30)
    print("had %d" % len(kept))


def in_files():
    """Files and shared memory beyond the memory limit, which no process's end gives back."""
    for folder in ("/sandbox", "/tmp", "/dev/shm"):
        try:
            with open(folder + "/hoard", "wb") as file:
                while True:
                    file.write(bytes(MIB))
        except OSError as error:
            print(folder, error.strerror, flush=True)
    maps = []
    while True:
        fd = os.memfd_create("hoard")
        os.ftruncate(fd, 8 * MIB)
        maps.append(mmap.mmap(fd, 8 * MIB))
        maps[-1].write(bytes(8 * MIB))


def in_the_kernel():
    """Full pipes and sockets, whose buffers belong to the kernel."""
    import socket

    kept = []
    for _ in range(60):
        if os.fork() == 0:
            break
    try:
        while True:
            pair = socket.socketpair()
            for end in pair:
                end.setblocking(False)
                try:
                    while True:
                        end.send(bytes(64 * 1024))
                except BlockingIOError:
                    kept.append(end)
    except OSError as error:
        print("stopped by", error.strerror, flush=True)
        time.sleep(3)


def in_segments():
    """System V segments, which outlive their processes."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmat.restype = ctypes.c_void_p
    for count in range(1024):
        segment = libc.shmget(0, 8 * MIB, 0o1600)
        address = libc.shmat(segment, None, 0) if segment >= 0 else None
        if segment < 0 or address == ctypes.c_void_p(-1).value:
            print("stopped by", os.strerror(ctypes.get_errno()), "after", count, flush=True)
            return
        ctypes.memset(address, 1, 8 * MIB)
    print("had them all")


globals()[sys.argv[1]]()
