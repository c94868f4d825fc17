"""A process on pipes: its standard streams are channels, its end is told with what it and its descendants used.

Output goes out only against credit from the runner, so that a flood waits in the pipe and not in memory; input that the
process does not read is bounded likewise. Its limits are kept here; what the whole run is, is told by its mark.
"""

import math
import os
import signal
import time

from . import frames, kernel, marks, process
from .file_changes import FileChanges

CHUNK = 32 * 1024
# Bytes of standard input that may wait here; the runner sends no more without credit.
INPUT_WINDOW = 128 * 1024
# Looks at the CPU time come no closer together than this; the kernel counts it in hundredths of a second.
CPU_LOOK_SECONDS = 0.02
NO_LIMITS = {"wall_ms": None, "cpu_ms": None, "output_bytes": None, "data_bytes": None}


class Spawned:
    """Channels are named by the runner; `stdin` may be None, which gives the process an empty one."""

    def __init__(self, number, request, env, root):
        self.number = number
        self.request_id = request["id"]
        self._channels = request["channels"]
        self.name = self._channels["stdout"]
        self.stdin_channel = self._channels.get("stdin")
        self.credit = {}
        self.outputs = {}
        self.input_fd = None
        self.pending_input = bytearray()
        self.input_ended = False
        self.status = None
        self.ended_by = None
        self.swept = False
        # Nobody waits for what it still says, or for its end.
        self.impatient = self.silent = False
        self.cpu_seconds = 0.0
        self.max_rss = 0
        self._cut = set()
        self._limits = {**NO_LIMITS, **(request.get("limits") or {})}
        self._output_left = self._limits["output_bytes"]
        self._files = FileChanges(root) if request.get("changes") else None
        self._oom_kills, self._fork_refusals = kernel.oom_kills(), kernel.fork_refusals()
        self._started_at = time.monotonic()
        self._ended_at = None
        self._start(request, env, os.path.join(root, request.get("cwd") or ""))
        wall, cpu = self._limits["wall_ms"], self._limits["cpu_ms"]
        self.deadline = math.inf if wall is None else self._started_at + wall / 1000
        self.cpu_look_at = math.inf if cpu is None else self._started_at + cpu / 1000 / (os.cpu_count() or 1)

    def _start(self, request, env, cwd):
        pipes = [os.pipe() for _ in range(3)]
        (in_read, self.input_fd), (out_read, out_write), (err_read, err_write) = pipes
        try:
            streams = process.on_pipes((in_read, out_write, err_write))
            mark, data_bytes = marks.soft_limit(self.number), self._limits["data_bytes"]
            self.pid = process.start(request["argv"], env, cwd, streams, mark, data_bytes)
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
            self.outputs[fd] = self._channels[name]
            self.credit[self._channels[name]] = request["credit"]
        os.set_blocking(self.input_fd, False)
        if self.stdin_channel is None:
            self.close_input()

    # --- input ---

    def write(self, data):
        """Queues standard input; returns how many queued bytes left the queue."""
        if self.input_fd is None:
            return len(data)
        if len(self.pending_input) + len(data) > INPUT_WINDOW:
            raise frames.ProtocolError("input beyond its window")
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

    # --- output ---

    def read(self, fd):
        """(channel, data) of one output; data is b"" at its end. None when there is no credit or nothing yet."""
        channel = self.outputs[fd]
        size = min(CHUNK, self.credit[channel])
        if size == 0:
            return None
        try:
            data = os.read(fd, size)
        except BlockingIOError:
            if not self.swept:
                return None
            data = b""  # whoever still holds the pipe does not belong to the run
        data = self._within_limit(channel, data)
        if data:
            self.credit[channel] -= len(data)
        else:
            os.close(fd)
            del self.outputs[fd]
        return channel, data

    def _within_limit(self, channel, data):
        if self._output_left is None or len(data) <= self._output_left:
            self._output_left = self._output_left and self._output_left - len(data)
            return data
        data, self._output_left = data[: self._output_left], 0
        self._cut.add(channel)
        self.stop("output")
        return data

    # --- limits and the end ---

    def stop(self, reason):
        """Ends the process and its group, for the first reason that there is; the sweep gets the rest of the run."""
        if self.ended_by is None:
            self.ended_by = reason
        self.deadline = self.cpu_look_at = math.inf
        if self.status is None:
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except OSError:
                pass

    def look(self, now):
        """Holds the run to its time; CPU time is that of all its processes."""
        if now >= self.deadline:
            self.stop("wall")
        elif now >= self.cpu_look_at:
            pids = [pid for pid, number in marks.processes() if number == self.number] or [self.pid]
            left = self._limits["cpu_ms"] / 1000 - self.cpu_seconds - sum(map(marks.cpu_seconds, pids))
            if left <= 0:
                self.stop("cpu")
            else:
                self.cpu_look_at = now + max(CPU_LOOK_SECONDS, left / (os.cpu_count() or 1))

    def on_reaped(self, pid, status, usage):
        """One process of the run is gone: its first one, or one that was orphaned."""
        self.cpu_seconds += usage.ru_utime + usage.ru_stime
        self.max_rss = max(self.max_rss, usage.ru_maxrss * 1024)
        if pid == self.pid:
            self.status = status
            self._ended_at = time.monotonic()
            self.deadline = self.cpu_look_at = math.inf

    def done(self):
        return self.swept and (self.impatient or not self.outputs)

    def result(self):
        ended_at = time.monotonic() if self._ended_at is None else self._ended_at
        fields = {"exit_code": None, "signal": "SIGKILL"} if self.status is None else process.describe(self.status)
        return {
            **fields,
            "ended_by": self.ended_by,
            "wall_ms": (ended_at - self._started_at) * 1000,
            "cpu_ms": self.cpu_seconds * 1000,
            "max_rss_bytes": self.max_rss,
            "cut": [name for name in ("stdout", "stderr") if self._channels[name] in self._cut],
            "oom_killed": (kernel.oom_kills() or 0) > (self._oom_kills or 0),
            "fork_refused": (kernel.fork_refusals() or 0) > (self._fork_refusals or 0),
            "disk_full": kernel.disk_full(),
            "files": self._files and self._files.tell(),
        }

    def close(self):
        """Forgets the pipes; the caller ends the process."""
        self.close_input()
        for fd in self.outputs:
            os.close(fd)
        self.outputs.clear()
