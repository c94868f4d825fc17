"""Moves clocks and takes priority over others."""

import ctypes
import os
import resource
import time

from probe import judge, libc


def checked(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), "refused")


def lengthen(limit, value):
    try:
        resource.setrlimit(limit, (value, value))
    except ValueError as error:
        raise PermissionError(1, str(error)) from None


def set_alarm_clock():
    timer = ctypes.c_void_p()
    checked(libc.timer_create(8, None, ctypes.byref(timer)))


def nicer():
    before = os.nice(0)
    if os.nice(-5) >= before:
        raise PermissionError(1, "no nicer")


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


judge(
    [
        ("set the clock", time.clock_settime, time.CLOCK_REALTIME, 0.0),
        ("set the time of day", lambda: checked(libc.settimeofday((ctypes.c_long * 2)(0, 0), None))),
        ("adjust the clock", lambda: checked(libc.adjtimex(ctypes.create_string_buffer(512)))),
        ("an alarm that wakes the host", set_alarm_clock),
        ("priority", nicer),
        ("FIFO", os.sched_setscheduler, 0, os.SCHED_FIFO, os.sched_param(50)),
        ("round robin", os.sched_setscheduler, 0, os.SCHED_RR, os.sched_param(50)),
        ("real-time input and output", lambda: checked(libc.syscall(ctypes.c_long(251), 1, 0, 1 << 13))),
        ("more processes", lengthen, resource.RLIMIT_NOFILE, 1 << 20),
        ("real-time limits", lengthen, resource.RLIMIT_RTPRIO, 99),
        ("a negative nice limit", lengthen, resource.RLIMIT_NICE, 40),
        ("core dumps", lengthen, resource.RLIMIT_CORE, 1 << 20),
        ("locked memory", lengthen, resource.RLIMIT_MEMLOCK, 1 << 40),
        ("the host's scheduler", write, "/proc/sys/kernel/sched_rt_runtime_us", "-1"),
        ("the host's name", write, "/proc/sys/kernel/hostname", "mine"),
    ]
)
