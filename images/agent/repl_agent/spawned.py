"""A process on pipes: its standard streams are channels, its end is told with what it used.

Output goes out only against credit from the runner, so that a flood waits in the pipe and not in memory.
"""

import os
import signal

from . import process

CHUNK = 32 * 1024


class Spawned:
    """Channels are named by the runner; `stdin` may be None, which gives the process an empty one."""

    def __init__(self, request_id, argv, env, cwd, channels):
        self.request_id = request_id
        self.stdin_channel = channels.get("stdin")
        self.credit = {}
        self.outputs = {}
        self.input_fd = None
        self.pending_input = bytearray()
        self.input_ended = False
        self.status = None
        self.killed = False
        self.rusage = None
        pipes = [os.pipe() for _ in range(3)]
        (in_read, self.input_fd), (out_read, out_write), (err_read, err_write) = pipes
        try:
            self.pid = process.start(argv, env, cwd, (in_read, out_write, err_write))
        except process.StartFailed:
            for fd in (self.input_fd, out_read, err_read):
                os.close(fd)
            self.input_fd = None
            raise
        finally:
            for fd in (in_read, out_write, err_write):
                os.close(fd)
        for fd, name in ((out_read, "stdout"), (err_read, "stderr")):
            os.set_blocking(fd, False)
            self.outputs[fd] = channels[name]
            self.credit[channels[name]] = 0
        os.set_blocking(self.input_fd, False)
        if self.stdin_channel is None:
            self.close_input()

    def write(self, data):
        """Queues standard input; returns how many queued bytes left the queue."""
        if self.input_fd is None:
            return len(data)
        self.pending_input += data
        return self.flush_input()

    def flush_input(self):
        before = len(self.pending_input)
        while self.pending_input:
            try:
                written = os.write(self.input_fd, memoryview(self.pending_input)[:CHUNK])
            except BlockingIOError:
                break
            except OSError:
                self.pending_input.clear()
                self.close_input()
                break
            del self.pending_input[:written]
        if self.input_ended and not self.pending_input:
            self.close_input()
        return before - len(self.pending_input)

    def end_input(self):
        self.input_ended = True
        if not self.pending_input:
            self.close_input()

    def close_input(self):
        if self.input_fd is not None:
            os.close(self.input_fd)
            self.input_fd = None

    def read(self, fd):
        """(channel, data) of one readable output; data is b"" at its end. None when there is no credit or nothing."""
        channel = self.outputs[fd]
        size = min(CHUNK, self.credit[channel])
        if size == 0:
            return None
        try:
            data = os.read(fd, size)
        except BlockingIOError:
            return None
        if data:
            self.credit[channel] -= len(data)
        else:
            os.close(fd)
            del self.outputs[fd]
        return channel, data

    def kill(self):
        """Ends the process and its group; a job outside the group that holds the pipes is not waited for."""
        self.killed = True
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except OSError:
            pass

    def done(self):
        return self.status is not None and (self.killed or not self.outputs)

    def result(self):
        usage = self.rusage
        return {
            **process.describe(self.status),
            "cpu_seconds": usage.ru_utime + usage.ru_stime,
            "max_rss_bytes": usage.ru_maxrss * 1024,
        }

    def close(self):
        """Forgets the pipes; the caller ends the process."""
        self.close_input()
        for fd in self.outputs:
            os.close(fd)
        self.outputs.clear()
