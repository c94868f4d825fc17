"""Runs a command on a PTY of its own, as a person's terminal would, and tells how it went.

stdin: {"command": [...], "steps": [["expect", text], ["send", text], ["resize", cols, rows], ["signal", number]]}
stdout: {"output": text, "exit_code": number, "restored": whether the terminal's modes are what they were, "failed": step}
"""

import fcntl
import json
import os
import select
import signal
import struct
import sys
import termios
import time

STEP_SECONDS = 60


def main():
    request = json.load(sys.stdin)
    master, slave = os.openpty()
    resize(master, 80, 24)
    before = termios.tcgetattr(slave)
    pid = start(request["command"], slave)
    # The slave stays open here, so that its modes can be read after the end.
    dialogue = Dialogue(master)
    failed = None
    for step in request["steps"]:
        if not dialogue.do(step, pid):
            failed = step
            os.kill(pid, signal.SIGKILL)
            break
    code = dialogue.drain_until_exit(pid)
    restored = termios.tcgetattr(slave) == before
    text = dialogue.output.decode("utf-8", "replace")
    print(json.dumps({"output": text, "exit_code": code, "restored": restored, "failed": failed}))


def start(command, slave):
    pid = os.fork()
    if pid == 0:
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for fd in range(3):
            os.dup2(slave, fd)
        os.execvp(command[0], command)
    return pid


def resize(fd, cols, rows):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))


class Dialogue:
    def __init__(self, master):
        self.master = master
        self.output = b""
        self.seen = 0

    def do(self, step, pid):
        kind, *values = step
        if kind == "expect":
            return self.expect(values[0].encode(), pid)
        if kind == "send":
            os.write(self.master, values[0].encode())
        elif kind == "resize":
            resize(self.master, *values)
        elif kind == "signal":
            os.kill(pid, values[0])
        return True

    def expect(self, text, pid):
        deadline = time.monotonic() + STEP_SECONDS
        while True:
            at = self.output.find(text, self.seen)
            if at >= 0:
                self.seen = at + len(text)
                return True
            ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
            if time.monotonic() > deadline or (not self.read(0.1) and ended):
                return False

    def read(self, seconds):
        """True when anything came."""
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:
            data = b""
        self.output += data
        return bool(data)

    def drain_until_exit(self, pid):
        deadline = time.monotonic() + STEP_SECONDS
        while True:
            self.read(0.02)
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                while self.read(0):
                    pass
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)


main()
