"""All processes on pipes: what each is to be polled for, its limits, and its end with whatever it has left running.

A run ends when its first process does. What bears its mark then is killed, look by look, since processes may fork
meanwhile; what the pipes still hold is told before the answer.
"""

import math
import select
import time

from . import frames, marks

# Between two looks for what a run has left running.
SWEEP_SECONDS = 0.002
# What resists that long, against SIGKILL, is stuck in the kernel.
SWEEP_PATIENCE_SECONDS = 5.0


class Runs:
    def __init__(self, agent):
        self._agent = agent
        self._children = {}
        self._last_number = 0
        self._sweeping_since = {}

    def __len__(self):
        return len(self._children)

    def next_number(self):
        self._last_number += 1
        return self._last_number

    def add(self, child):
        self._children[child.number] = child

    def named(self, name):
        return next((child for child in self._children.values() if child.name == name and not child.silent), None)

    # --- the loop ---

    def watch(self, want, backlogged):
        """Says what each pipe is waited for."""
        for child in self._children.values():
            for fd, channel in child.outputs.items():
                want(fd, select.POLLIN if child.credit[channel] and not backlogged else 0)
            if child.input_fd is not None:
                want(child.input_fd, select.POLLOUT if child.pending_input else 0)

    def patience(self, now):
        """Seconds until something is to be done without an event."""
        if self._sweeping_since:
            return SWEEP_SECONDS
        due = min((min(child.deadline, child.cpu_look_at) for child in self._children.values()), default=math.inf)
        return max(0.0, due - now)

    def on_event(self, fd):
        """False where the descriptor is nobody's here."""
        for child in self._children.values():
            if fd == child.input_fd:
                self._agent.grant(child.stdin_channel, child.flush_input())
                return True
            if fd in child.outputs:
                self._pass_on(child, fd)
                return True
        return False

    def step(self, now):
        """Everything that time or an end brings about; called once in each round of the loop."""
        for child in list(self._children.values()):
            child.look(now)
            if child.status is not None and not child.swept:
                self._sweep(child, now)
            if child.swept:
                self._settle(child)

    def _sweep(self, child, now):
        since = self._sweeping_since.setdefault(child.number, now)
        left = [pid for pid, number in marks.processes() if number == child.number]
        marks.kill(left)
        if not left or now - since > SWEEP_PATIENCE_SECONDS:
            child.swept = True
            del self._sweeping_since[child.number]

    def _settle(self, child):
        """Passes on what the pipes still hold, and answers once that is done."""
        for fd in list(child.outputs):
            while fd in child.outputs and not self._agent.link.backlogged and self._pass_on(child, fd):
                pass
        if not child.done():
            return
        del self._children[child.number]
        child.close()
        if not child.silent:
            self._agent.respond(child.request_id, **child.result())

    def _pass_on(self, child, fd):
        """Sends one piece of output; False where there is none or no credit."""
        result = child.read(fd)
        if result is None:
            return False
        channel, data = result
        if not child.silent:
            self._agent.link.send(frames.DATA if data else frames.END, frames.CHANNEL.pack(channel), data)
        return True

    # --- what the runner sends ---

    def on_data(self, channel, data):
        child = self._reader(channel)
        if child is not None:
            self._agent.grant(channel, child.write(data))

    def on_end(self, channel):
        child = self._reader(channel)
        if child is not None:
            child.end_input()

    def _reader(self, channel):
        return next((child for child in self._children.values() if child.stdin_channel == channel and not child.silent), None)

    def on_credit(self, channel, count):
        for child in self._children.values():
            if channel in child.credit and not child.silent:
                child.credit[channel] += count

    # --- ends ---

    def mark_of(self, pid):
        """Whose a process is that is about to be reaped; None where no run can be concerned."""
        return marks.of(pid) if self._children else None

    def on_reaped(self, pid, number, status, usage):
        for child in self._children.values():
            if child.pid == pid or child.number == number:
                child.on_reaped(pid, status, usage)

    def stop(self, child):
        """Ends a run whose runner has lost interest."""
        child.impatient = True
        child.stop("killed")

    def drop(self):
        """The runner that asked for them is gone: nobody is to be answered."""
        for child in self._children.values():
            child.silent = True
            self.stop(child)

    def end_all(self):
        """Answers for every run; the caller has ended every process of the sandbox, or does so at once."""
        children, self._children = self._children, {}
        self._sweeping_since.clear()
        for child in children.values():
            child.stop("ended")
            child.close()
            if not child.silent:
                self._agent.respond(child.request_id, **child.result())

    def kill_others(self):
        """Ends every process that belongs to no run, once; nothing where marks do not hold here."""
        found = marks.processes()
        if any(number is not None for _, number in found):
            marks.kill(pid for pid, number in found if number is None)
