"""The session's terminal: a PTY, the log of what it printed, its queued input, and the REPL that runs on it.

It reads the PTY no further than `read_limit` and hands out no more of its log than `send_credit`; who moves these, and
why, is the runner's business. In a flood of small writes it rests between reads, so that the agent takes no CPU time from
the program; what answers a keystroke is read at once.
"""

import errno
import fcntl
import os
import signal
import socket
import struct
import termios
import time

from . import frames, kernel, process
from .output_log import OutputLog

# With its frame what a pipe holds, and what the runner reads at once.
OUTPUT_SIZE = 64 * 1024 - frames.HEADER.size - frames.OFFSET.size - frames.CRC.size
# A read of less than this, on the heels of another, is followed by a rest.
SMALL_READ = 2 * 1024
ALMOST_NOTHING = 1024
REST_SECONDS = 0.001
WORKSPACE = "/sandbox"
TIOCSIG = 0x40045436  # generic Linux numbers; Python's termios does not name them
TIOCGPTPEER = 0x5441
HOOK_SECONDS = 5.0
# Longer than the ticks of another agent, which looks for greed.
PTY_SECONDS = 5.0
# Whatever a program has made of the terminal before it was ended: alternate screen, modes and colours, paste, mouse.
RESTORE = b"\x1b[?1047l\x1b[!p\x1b[?2004l" + b"".join(b"\x1b[?%dl" % mode for mode in (1000, 1002, 1003, 1006))
HOOK_FD_VARIABLE = "REPL_RUNNER_HOOK_FD"
# An interpreter reads these once, at its start; values that come later need a new one.
READ_AT_START = ("PYTHON", "LD_", "LC_")
READ_AT_START_NAMES = ("LANG", "TERM", "PATH", "HOME")
# The start-up hook puts what this one means into force at the claim.
READ_LATE_NAMES = ("PYTHONUSERBASE",)


def read_at_start(name):
    if name in READ_LATE_NAMES:
        return False
    return name.startswith(READ_AT_START) or name in READ_AT_START_NAMES


def _mebibytes(size):
    return "%d MiB" % (size // (1024 * 1024))


class Terminal:
    def __init__(self, argv, env, hook):
        self.log = OutputLog()
        self.sent = 0
        self.read_limit = frames.FREE
        self.send_credit = 0
        self.cols, self.rows = 80, 24
        self.master = None
        self.pid = None
        self.exit = None
        self.hung_up = False
        self._hung_up_at = 0.0
        self.pending_input = bytearray()
        self._resting_until = 0.0
        self._read_at = 0.0
        self._answering = True
        self.ready = False
        self.hook_socket = None
        self.env = env
        self._argv, self._hook = argv, hook
        self._status = None
        self._oom_kills = 0
        self._fork_refusals = None
        self._looked_at = 0

    # --- the REPL's life ---

    def start(self, extra_env):
        """Starts the REPL on a new PTY. With a hook it then waits for release; without one it runs at once."""
        self.close()
        self.exit = self._status = None
        self.hung_up = self.ready = False
        self.pending_input.clear()
        env = {"TERM": "xterm-256color", "COLORTERM": "truecolor", **self.env, **extra_env}
        hook_end = None
        if self._hook:
            self.hook_socket, hook_end = socket.socketpair()
            self.hook_socket.settimeout(HOOK_SECONDS)
            env[self._hook["variable"]] = self._hook["path"]
            env[HOOK_FD_VARIABLE] = str(hook_end.fileno())
        self.master, slave = self._open_pty()
        self._oom_kills = kernel.oom_kills() or 0
        self._fork_refusals = kernel.fork_refusals()
        try:
            self.resize(self.cols, self.rows)
            if hook_end:
                os.set_inheritable(hook_end.fileno(), True)
            self.pid = process.start(self._argv, env, WORKSPACE, process.on_terminal(os.ttyname(slave)))
        finally:
            os.close(slave)
            if hook_end:
                hook_end.close()
        os.set_blocking(self.master, False)

    def _open_pty(self):
        """Waits for a moment where a greedy sandbox holds all terminals of the host, until its agent has ended it."""
        give_up_at = time.monotonic() + PTY_SECONDS
        while True:
            try:
                return os.openpty()
            except OSError as error:
                if error.errno != errno.ENOSPC or time.monotonic() > give_up_at:
                    raise
            time.sleep(0.05)

    def release(self, env, startup):
        """Lets a waiting REPL go on to its first prompt, with variables and code of the claim."""
        if self.hook_socket is None:
            return
        pairs = b"".join(b"%s=%s\0" % (os.fsencode(name), os.fsencode(value)) for name, value in env.items())
        try:
            self.hook_socket.sendall(pairs + b"\0" + startup.encode())
            self.hook_socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.close_hook()  # the interpreter is gone, which its exit will say

    def on_hook(self):
        """The start-up file says that the interpreter is up and waits."""
        try:
            self.ready = self.hook_socket.recv(1) == b"R"
        except OSError:
            self.ready = False
        return self.ready

    def on_reaped(self, pid, status):
        if pid == self.pid and self._status is None:
            self._status = status

    def close(self):
        """Forgets the PTY and the process, which the caller has ended."""
        self.close_hook()
        if self.master is not None:
            os.close(self.master)
        self.master = self.pid = None

    def close_hook(self):
        if self.hook_socket is not None:
            self.hook_socket.close()
            self.hook_socket = None

    def ended(self):
        """Whether the REPL is gone, be it told or not."""
        return self.exit is not None or self._status is not None

    def outlived(self):
        """Whether the REPL is gone while others may still hold its terminal, which says no end before they let go of it."""
        return self._status is not None and self.exit is None and self.master is not None and not self.hung_up

    def finished(self):
        """True once: when the REPL has ended and everything that it printed is in the log."""
        if self._status is None or self.exit is not None or not self.hung_up:
            return False
        self.exit = process.describe(self._status)
        killed = self.exit["signal"] == "SIGKILL" and (kernel.oom_kills() or 0) > self._oom_kills
        if killed:
            self.exit["outcome"] = "out_of_memory"
        elif self.exit["signal"]:
            self.exit["outcome"] = "signal"
        else:
            self.exit["outcome"] = "ok" if self.exit["exit_code"] == 0 else "runtime_error"
        if self.exit["outcome"] != "ok":
            self.log.append(RESTORE)
            self._say(self._epitaph())
        self.close()
        return True

    def _epitaph(self):
        outcome = self.exit["outcome"]
        if outcome == "out_of_memory":
            limit = kernel.memory_limit_bytes()
            return "out of memory" + (" (%s)" % _mebibytes(limit) if limit else "")
        if outcome == "signal":
            return "ended by " + self.exit["signal"]
        return "ended with exit code %d" % self.exit["exit_code"]

    def _say(self, words):
        self.log.append(("\x1b[0m\r\n[%s]\r\n" % words).encode())

    def restore(self):
        """Gives the next REPL a terminal in order, at the start of a line."""
        self.log.append(RESTORE + (b"" if self.log.at_line_start() else b"\r\n"))

    def forget_output(self):
        """What an interpreter printed that nobody will use; offsets begin anew where no runner has seen any."""
        if self.sent == 0:
            self.log = OutputLog()
        else:
            self.log.clear()

    # --- the PTY ---

    def resize(self, cols, rows):
        self.cols, self.rows = cols, rows
        if self.master is not None:
            fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def signal(self, name):
        """Sends to the foreground process group; False where there is none."""
        if self.master is None:
            return False
        try:
            group = os.tcgetpgrp(self.master)
            if name == "SIGINT":
                self._drop_input()  # before a REPL that is interrupted reads on
            os.killpg(group, getattr(signal, name))
        except OSError:
            return False
        return True

    def _drop_input(self):
        """Forgets what was typed: here, and in the line discipline, which keeps 4 KiB for who reads next."""
        self.pending_input.clear()
        try:
            termios.tcflush(self.master, termios.TCOFLUSH)
            slave = fcntl.ioctl(self.master, TIOCGPTPEER, os.O_RDWR | os.O_NOCTTY)
        except (termios.error, OSError):
            return  # a kernel without the call: the line discipline keeps its part
        try:
            termios.tcflush(slave, termios.TCIFLUSH)
        except termios.error:
            pass
        finally:
            os.close(slave)

    def wants_read(self):
        return self.master is not None and not self.hung_up and self.log.end < self.read_limit

    def tell_limits(self):
        """Says once in a REPL's life that the kernel has refused it a process; looks only where something was printed."""
        if self._fork_refusals is None or self.log.end == self._looked_at:
            return
        self._looked_at = self.log.end
        if (kernel.fork_refusals() or 0) > self._fork_refusals:
            self._fork_refusals = None
            limit = kernel.process_limit()
            self._say("process limit reached" + (" (%d)" % limit if limit else ""))

    def look_again(self, now):
        """Every process may have closed the terminal and one opens it again: look twice a second, never spin."""
        if self.hung_up and self._status is None and now - self._hung_up_at > 0.5:
            self.hung_up = False

    def on_readable(self):
        """Moves what the PTY has into the log, at most OUTPUT_SIZE bytes; True when anything came."""
        room = min(OUTPUT_SIZE, self.read_limit - self.log.end)
        size = 0
        while size < room:
            space = self.log.space(room - size)
            try:
                count = os.readv(self.master, (space,))
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                count = 0
            if count == 0:
                self.hung_up, self._hung_up_at = True, time.monotonic()
                break
            self.log.advance(count)
            size += count
            if count < ALMOST_NOTHING and count < len(space):
                break  # what comes meanwhile is announced again
        self._pace(size)
        return size > 0

    def _pace(self, size):
        now = time.monotonic()
        hurried = now - self._read_at < REST_SECONDS and not self._answering
        self._read_at, self._answering = now, False
        self._resting_until = now + REST_SECONDS if hurried and size < SMALL_READ else 0.0

    def rest(self, now):
        """Seconds for which the PTY is not to be read, mostly 0."""
        return max(0.0, self._resting_until - now)

    def drain(self):
        """Reads what is left of a REPL that has ended, within the limit."""
        while self.wants_read() and self.on_readable():
            pass

    def pump(self, link):
        """Hands the runner what it may have of the log."""
        self.sent = max(self.sent, self.log.start)
        while not link.backlogged:
            size = min(self.log.end - self.sent, self.send_credit, OUTPUT_SIZE)
            if size <= 0:
                return
            link.send(frames.OUTPUT, frames.OFFSET.pack(self.sent), *self.log.views(self.sent, size))
            self.sent += size
            self.send_credit -= size

    def write(self, data):
        """Queues input and passes on what the PTY takes; returns how many queued bytes left the queue."""
        if self.master is None:
            return len(data)
        self._answering, self._resting_until = True, 0.0
        interrupt = self._interrupt_at(data)
        dropped = 0
        if interrupt >= 0:
            stuck = bool(self.pending_input)
            dropped = len(self.pending_input) + interrupt
            data = data[interrupt:]
            if stuck:
                self._drop_input()
                # The line discipline is full: a byte would wait behind what nobody reads, a signal does not.
                self._interrupt()
                dropped += 1
                data = data[1:]
        self.pending_input += data
        return dropped + self.flush_input()

    def flush_input(self):
        before = len(self.pending_input)
        while self.pending_input:
            try:
                written = os.write(self.master, memoryview(self.pending_input)[:4096])
            except BlockingIOError:
                break
            except OSError:
                written = len(self.pending_input)
            del self.pending_input[:written]
        return before - len(self.pending_input)

    def _interrupt_at(self, data):
        """Index of the last interrupt character in data, where the terminal's mode makes it one; else -1."""
        return data.rindex(b"\x03") if b"\x03" in data and self._interrupts() else -1

    def _interrupts(self):
        try:
            attributes = termios.tcgetattr(self.master)
        except termios.error:
            return False
        return bool(attributes[3] & termios.ISIG) and attributes[6][termios.VINTR] == b"\x03"

    def interrupt(self):
        """Drops queued input and interrupts, where the terminal's mode lets a character do that; False elsewhere."""
        if self.master is None or not self._interrupts():
            return False
        self._drop_input()
        self._interrupt()
        return True

    def _interrupt(self):
        try:
            fcntl.ioctl(self.master, TIOCSIG, int(signal.SIGINT))
        except OSError:
            self.signal("SIGINT")
