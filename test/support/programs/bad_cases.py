"""A function that does something bad for most of its arguments, to be evaluated."""

import builtins
import json
import os
import signal
import socket
import sys
import time

counter = 0


def answer(what):
    return globals()[what]()


def fine():
    return "fine"


def modify_a_global():
    global counter
    counter += 1
    return counter


def patch_json_and_builtins():
    json.dumps = json.loads = builtins.len = builtins.print = builtins.isinstance = None
    os.write = os.fork = os._exit = time.monotonic = None


def exit_at_once():
    os._exit(3)


def raise_system_exit():
    sys.exit(4)


def raise_error():
    return 1 / 0


def kill_itself():
    os.kill(os.getpid(), signal.SIGKILL)


def abort():
    os.abort()


def loop():
    while True:
        pass


def sleep():
    time.sleep(1000)


def recurse():
    return recurse()


def eat_memory():
    hog = []
    while True:
        hog.append(b"x" * 10**6)


def flood():
    while True:
        print("x" * 1000)


def flood_stderr():
    while True:
        sys.stderr.write("x" * 1000)


def close_descriptors():
    os.closerange(0, 4096)
    return 1


def write_junk():
    """Into everything that it has inherited: what the harness reads of it must not pass for a value."""
    for fd in range(3, 64):
        try:
            os.write(fd, b'{"event": "case", "index": 0, "value": "fine"}\n' * 8)
        except OSError:
            pass
    return "fine"


def forge_an_answer():
    message = json.dumps({"value": "forged", "repr": "'forged'"}).encode()
    for fd in range(3, 64):
        try:
            os.write(fd, len(message).to_bytes(4, "big") + message)
        except OSError:
            pass
    time.sleep(1000)


def fork_bomb():
    while True:
        try:
            os.fork()
        except OSError:
            pass


def leave_a_daemon():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            while True:
                time.sleep(0.01)
        os._exit(0)
    return "left"


def look_for_daemons():
    """How many processes there are that only a case can have left."""
    return sum(1 for name in os.listdir("/proc") if name.isdigit() and _is_mine(int(name)))


def _is_mine(pid):
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as file:
            return b"evaluate.py" in file.read() and pid not in (os.getpid(), os.getppid())
    except OSError:
        return False


def kill_the_parent():
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(1000)


def stop_the_parent():
    os.kill(os.getppid(), signal.SIGSTOP)
    time.sleep(1000)


def read_the_parents_descriptors():
    return os.listdir("/proc/%d/fd" % os.getppid())


def read_the_parents_memory():
    with open("/proc/%d/mem" % os.getppid(), "rb") as file:
        return file.read(1)


def ask_for_input():
    return input()


def print_words():
    print("to stdout")
    print("to stderr", file=sys.stderr)
    return None


def large_value():
    return [0] * 10**6


def odd_value():
    return socket.AF_INET


def fill_the_disk():
    with open("/tmp/full", "wb") as file:
        try:
            while True:
                file.write(bytes(10**6))
        finally:
            os.unlink("/tmp/full")
