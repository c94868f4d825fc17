"""The process that loads the code, forks for each case, enforces its limits from outside and reports.

stdout, a JSON object a line: `{"event": "loaded"}` or `{"event": "failed", "failure"}`, then for each case `{"event":
"case", "index", "end", "exit_code", "signal", "wall_ms", "cpu_ms", "fork_refused", "result", "stdout", "stderr"}`, octets in
base64. `result` is what the case's process wrote, unread. It holds on to what it needs of the standard library before
the code is loaded, which may replace anything.
"""

import binascii
import gc
import json
import os
import select
import signal
import sys
import time

from . import case_process, kernel, processes, solution

MAX_RESULT = 2 * 1024 * 1024
CHUNK = 64 * 1024
# Where the kernel has no descriptor for a process, its end is noticed within this many seconds.
TICK_SECONDS = 0.005

_dumps, _now, _fork, _read = json.dumps, time.monotonic, os.fork, os.read
_wait4, _kill, _poll = os.wait4, os.kill, select.poll


def main():
    request = json.loads(_read_all(0))
    reports = os.dup(1)
    os.dup2(2, 1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.close(null)
    kernel.become_supervisor()
    try:
        function = solution.load(request["code"], request["file"], request["entry_point"])
    except BaseException as error:
        _report(reports, event="failed", failure=solution.failure(error))
        _flush()
        os._exit(0)
    Supervisor(function, reports).run(request["cases"])
    os._exit(0)


def _read_all(fd):
    pieces = []
    while True:
        data = _read(fd, 1 << 20)
        if not data:
            return b"".join(pieces)
        pieces.append(data)


def _report(fd, **fields):
    data = memoryview(_dumps(fields).encode() + b"\n")
    while data:
        data = data[os.write(fd, data) :]


def _flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # closed, or replaced by whatever the user made
            pass


class Supervisor:
    def __init__(self, function, reports):
        self._function = function
        self._reports = reports
        self._spared = processes.existing()
        self._data_bytes = kernel.data_bytes()
        self._counters = kernel.counters()

    def run(self, cases):
        _flush()
        _report(self._reports, event="loaded")
        gc.freeze()
        for case in cases:
            _report(self._reports, event="case", index=case["index"], **self._evaluate(case))

    def _evaluate(self, case):
        began = _now()
        pipes = [os.pipe() for _ in range(3)]
        try:
            pid = _fork()
        except OSError:
            for fd in sum(pipes, ()):
                os.close(fd)
            return self._told({"end": "not_started", "fork_refused": True}, Watch([], 0), 0)
        if pid == 0:
            try:
                self._become(case, pipes)
            finally:
                os._exit(70)  # never back into the loop
        for _, write in pipes:
            os.close(write)
        watch = Watch([read for read, _ in pipes], case["output_bytes"])
        end = watch.follow(pid, began + case["wall_seconds"])
        wall = _now() - began
        return self._told(self._settle(pid, case, watch, end), watch, wall)

    def _become(self, case, pipes):
        (result_read, result), (out_read, out), (err_read, err) = pipes
        for fd in (result_read, out_read, err_read, self._reports):
            os.close(fd)
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.close(out)
        os.close(err)
        case_process.run(self._function, case, result, self._data_bytes)

    def _settle(self, pid, case, watch, end):
        """Ends the case's processes; what is known of the end of the first one."""
        _send_kill(pid)
        _, status, usage = _wait4(pid, 0)
        resisted = not processes.end_all(self._spared)
        watch.drain()
        if end is None and watch.over:
            end = "output_limit"
        cpu = usage.ru_utime + usage.ru_stime
        before, self._counters = self._counters, kernel.counters()
        told = {"cpu_ms": round(cpu * 1000, 3), "fork_refused": self._counters[1] > before[1], "resisted": resisted}
        if end is None and watch.complete:
            return {**told, "end": "cpu_timeout" if cpu > case["cpu_seconds"] else "answered"}
        if end is not None:
            return {**told, "end": end}
        if os.WIFEXITED(status):
            return {**told, "end": "exited", "exit_code": os.WEXITSTATUS(status)}
        number = os.WTERMSIG(status)
        if number == signal.SIGXCPU:
            return {**told, "end": "cpu_timeout"}
        if number == signal.SIGKILL and self._counters[0] > before[0]:
            return {**told, "end": "out_of_memory"}
        return {**told, "end": "signal", "signal": _name(number)}

    @staticmethod
    def _told(end, watch, wall):
        fields = {"exit_code": None, "signal": None, "cpu_ms": 0, "fork_refused": False, "resisted": False, **end}
        fields["wall_ms"] = round(wall * 1000, 3)
        result, stdout, stderr = ([binascii.b2a_base64(data, newline=False).decode() for data in watch.taken()])
        return {**fields, "result": result if watch.complete else None, "stdout": stdout, "stderr": stderr}


def _name(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return "SIG%d" % number


def _send_kill(pid):
    try:
        _kill(pid, signal.SIGKILL)
    except OSError:
        pass  # it is not reaped yet, so the pid is its own


class Watch:
    """The three pipes of a case, read within their bounds: result, stdout, stderr."""

    def __init__(self, fds, output_bytes):
        self._data = {fd: bytearray() for fd in fds}
        self._bounds = dict(zip(fds, (MAX_RESULT, output_bytes, output_bytes)))
        self._result = fds[0] if fds else None
        self._open = list(fds)
        for fd in fds:
            os.set_blocking(fd, False)

    @property
    def complete(self):
        result = self._data.get(self._result, b"")
        return len(result) >= 4 and len(result) >= 4 + int.from_bytes(result[:4], "big")

    def follow(self, pid, deadline):
        """Reads until the process ends or has answered: None. Else why it has to end."""
        poll = _poll()
        for fd in self._open:
            poll.register(fd, select.POLLIN)
        ended = _process_descriptor(pid)
        if ended is not None:
            poll.register(ended, select.POLLIN)
        try:
            while True:
                left = deadline - _now()
                if left <= 0:
                    return "wall_timeout"
                ready = [fd for fd, _ in poll.poll((left if ended is not None else min(left, TICK_SECONDS)) * 1000 + 1)]
                for fd in ready:
                    if fd in self._open and self._take(fd) == 0:
                        poll.unregister(fd)
                        self._open.remove(fd)
                if self.over:
                    return "output_limit"
                if self.complete or ended in ready or (ended is None and _has_ended(pid)):
                    return None
        finally:
            if ended is not None:
                os.close(ended)

    def drain(self):
        """What was left in the pipes by processes that are gone."""
        for fd in self._open:
            while self._take(fd) and len(self._data[fd]) <= self._bounds[fd]:
                pass
        for fd in self._data:
            os.close(fd)

    def taken(self):
        result, stdout, stderr = [bytes(data[: self._bounds[fd]]) for fd, data in self._data.items()] or [b""] * 3
        return result[4 : 4 + int.from_bytes(result[:4], "big")], stdout, stderr

    def _take(self, fd):
        """How many bytes came; 0 at the end, None where there is nothing at the moment."""
        try:
            data = _read(fd, CHUNK)
        except BlockingIOError:
            return None
        self._data[fd] += data
        return len(data)

    @property
    def over(self):
        return any(len(data) > self._bounds[fd] for fd, data in self._data.items())


def _process_descriptor(pid):
    try:
        return os.pidfd_open(pid)
    except (OSError, AttributeError):
        return None


def _has_ended(pid):
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
