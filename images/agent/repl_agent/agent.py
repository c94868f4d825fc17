"""The agent's loop: frames in, frames out, one poll over everything that can happen in the sandbox.

It obeys one runner at a time (the holder of its lease), answers each request once, and ends itself and so the sandbox
when no runner has spoken for `orphan_seconds`.
"""

import json
import math
import os
import select
import signal
import time

from . import frames, kernel, process, request_shape, transfers
from .chores import Chores
from .egress import OWN_CHANNELS, Egress
from .lease import Lease
from .link import Link, end_sandbox
from .output_log import CAPACITY
from .requests import Requests
from .runs import Runs

# How often the agent looks after things: at most, and while nothing happens. The runner's pings come between.
TICK_SECONDS = 0.5
QUIET_SECONDS = 4.0
MAX_REQUEST = 1024 * 1024
# Credit for typed input goes back in steps: a frame for each key would wake the runner while the REPL answers.
INPUT_CREDIT_STEP = 1024
# The kernel counts terminals for the whole host, 4096 by default: who takes so many leaves none for other sandboxes.
MAX_TERMINALS = 64
GREEDY = 73  # EX_CANTCREAT


class Agent:
    """`pty` is the terminal, whose REPL waits already where the language has a hook."""

    def __init__(self, settings, pty):
        self.epoch = settings["epoch"]
        self.orphan_seconds = settings["orphan_seconds"]
        self.env = pty.env
        self.hook = settings["hook"]
        self.terminal = pty
        self.state = "waiting"
        self.lease = Lease(time.monotonic())
        self.resume_grace = 60.0
        self.link = Link()
        self.request_parts = bytearray()
        self.input_credit = 0
        self.requests = Requests(self)
        self.uploads = transfers.Uploads()
        self.downloads = transfers.Downloads()
        self.chores = Chores()
        self.session_env = {}
        self.runs = Runs(self)
        self.egress = Egress(self)
        self.poll = select.poll()
        self.registered = {}
        self.wake, wake_write = os.pipe()
        for fd in (self.wake, wake_write):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGIO):
            signal.signal(number, lambda number, frame: None)
        self.quiet_seconds = QUIET_SECONDS if kernel.tell_of_terminals() else TICK_SECONDS

    # --- the loop ---

    def run(self):
        tick_at = quiet_until = 0.0
        while True:
            now = time.monotonic()
            self.runs.step(now)
            self.pump()
            if now >= tick_at:
                self.tick(now)
                tick_at = now + TICK_SECONDS
                quiet_until = now + self.patience(now)
            rest = self.terminal.rest(now)
            self.watch(rest)
            wait = 0 if self.chores else min(quiet_until - now, rest or math.inf, self.runs.patience(now))
            for fd, _ in self.poll.poll(wait * 1000):
                self.on_event(fd)
                quiet_until = tick_at
            if self.terminal.finished():
                self.repl_ended()

    def want(self, fd, events):
        """poll goes by number, so a descriptor that was closed meanwhile needs no care: see on_event."""
        if self.registered.get(fd, 0) == events:
            return
        self.registered[fd] = events
        if events:
            self.poll.register(fd, events)
        else:
            self.poll.unregister(fd)

    def watch(self, rest):
        """Registers exactly what is to be waited for now."""
        self.want(0, select.POLLIN)
        self.want(self.wake, select.POLLIN)
        self.want(1, select.POLLOUT if self.link.unsent else 0)
        pty = self.terminal
        if pty.master is not None:
            reads = not rest and pty.wants_read()
            self.want(pty.master, (select.POLLIN if reads else 0) | (select.POLLOUT if pty.pending_input else 0))
        if pty.hook_socket is not None:
            self.want(pty.hook_socket.fileno(), 0 if pty.ready else select.POLLIN)
        self.runs.watch(self.want, self.link.backlogged)
        self.egress.watch(self.want, self.link.backlogged)

    def on_event(self, fd):
        pty = self.terminal
        if fd == 0:
            self.link.receive(self.on_frame)
        elif fd == 1:
            self.link.flush()
        elif fd == self.wake:
            os.read(fd, 4096)
            self.reap()
        elif fd == pty.master:
            if pty.pending_input:
                self.grant(frames.TERMINAL, pty.flush_input())
            if pty.wants_read():
                pty.on_readable()
        elif pty.hook_socket is not None and fd == pty.hook_socket.fileno():
            if pty.on_hook():
                self.event("ready")
            else:
                pty.close_hook()
        elif not self.runs.on_event(fd) and not self.egress.on_event(fd):
            self.want(fd, 0)

    def patience(self, now):
        """Seconds until the next tick where no event stirs the agent."""
        if self.lease.unheld(now) or self.terminal.hung_up:
            return TICK_SECONDS
        return max(TICK_SECONDS, min(self.quiet_seconds, self.lease.left(now)))

    def tick(self, now):
        silence = self.lease.silence(now)
        if silence > self.orphan_seconds:
            end_sandbox()
        if silence > self.resume_grace:
            self.terminal.read_limit = frames.FREE
        if self.lease.unheld(now) and not self.link.unsent:
            self.link.send(frames.UNHELD)
        if kernel.terminals() > MAX_TERMINALS:
            end_sandbox(GREEDY, "more than %d terminals" % MAX_TERMINALS)
        self.terminal.look_again(now)
        self.terminal.tell_limits()
        self.egress.tick()
        self.reap()

    # --- frames out ---

    def event(self, name, **fields):
        self.link.send_json(frames.EVENT, {"event": name, **fields})

    def respond(self, request_id, **fields):
        self.link.send_json(frames.RESPONSE, {"id": request_id, **fields})

    def refuse(self, request_id, code, message):
        self.respond(request_id, error={"code": code, "message": message})

    def grant(self, channel, count):
        if channel == frames.TERMINAL:
            count += self.input_credit
            self.input_credit = 0 if count >= INPUT_CREDIT_STEP else count
            if self.input_credit:
                return
        if count:
            self.link.send(frames.CREDIT, frames.CREDIT_PAYLOAD.pack(channel, count))

    def pump(self):
        """Queues what may go out now, and writes."""
        self.terminal.pump(self.link)
        self.chores.step()
        self.downloads.pump(self.link)
        if self.link.unsent:
            self.link.flush()

    # --- frames in ---

    def on_frame(self, kind, payload):
        if kind == frames.SYNC:
            self.on_sync(payload[: frames.NONCE_BYTES], request_shape.parse(payload[frames.NONCE_BYTES :]))
            return
        if kind not in frames.TO_AGENT:
            raise frames.ProtocolError("a frame of type %d" % kind)
        if self.lease.holder is None:
            return
        self.lease.hear(time.monotonic())
        if kind == frames.DATA:
            self.on_data(frames.CHANNEL.unpack_from(payload)[0], payload[frames.CHANNEL.size :])
        elif kind == frames.FLOW:
            self.terminal.read_limit, more = frames.FLOW_PAYLOAD.unpack(payload)
            self.terminal.send_credit += more
        elif kind == frames.PING:
            self.link.send(frames.PONG)
        elif kind == frames.REQUEST:
            parts, self.request_parts = bytes(self.request_parts), bytearray()
            self.requests.take(request_shape.check(request_shape.parse(parts + payload)))
        elif kind == frames.REQUEST_PART:
            self.request_parts += payload
            if len(self.request_parts) > MAX_REQUEST:
                raise frames.ProtocolError("a request beyond %d bytes" % MAX_REQUEST)
        elif kind == frames.END:
            self.on_end(frames.CHANNEL.unpack(payload)[0])
        elif kind == frames.CREDIT:
            self.on_credit(*frames.CREDIT_PAYLOAD.unpack(payload))
        elif kind == frames.RELEASE:
            self.lease.release()
            self.link.send(frames.UNHELD)

    def on_sync(self, nonce, message):
        request_shape.check_sync(message)
        if not self.lease.take(message["replica"], time.monotonic()):
            self.link.send(frames.DENIED, nonce, json.dumps({"holder": self.lease.holder}).encode())
            return
        self.drop_connection()
        self.resume_grace = message["resume_grace_seconds"]
        pty = self.terminal
        pty.sent, pty.send_credit = pty.log.start, 0
        state = {
            "epoch": self.epoch,
            "state": self.state,
            "ready": pty.ready or self.hook is None,
            "start": pty.log.start,
            "end": pty.log.end,
            "cols": pty.cols,
            "rows": pty.rows,
            "acknowledged": None if pty.read_limit == frames.FREE else max(0, pty.read_limit - CAPACITY),
            "exit": pty.exit,
            "egress": self.egress.grant,
        }
        self.link.send(frames.SYNCED, nonce, json.dumps(state).encode())

    def drop_connection(self):
        """What an earlier runner had under way is over; the terminal and its REPL go on."""
        self.request_parts.clear()
        self.input_credit = 0
        self.runs.drop()
        self.egress.drop()
        self.uploads.abort()
        self.downloads.abort()
        self.chores.forget()

    def on_data(self, channel, data):
        if channel == frames.TERMINAL:
            self.grant(frames.TERMINAL, self.terminal.write(data) if self.state == "running" else len(data))
            return
        if channel & OWN_CHANNELS:
            self.egress.on_data(channel, data)
        elif not self.uploads.feed(channel, data):
            self.runs.on_data(channel, data)

    def on_end(self, channel):
        if channel & OWN_CHANNELS:
            self.egress.on_end(channel)
        elif not self.uploads.finish(channel):
            self.runs.on_end(channel)

    def on_credit(self, channel, count):
        if channel & OWN_CHANNELS:
            self.egress.on_credit(channel, count)
        else:
            self.downloads.grant(channel, count)
            self.runs.on_credit(channel, count)

    # --- processes that end ---

    def reap(self):
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                break
            if ended is None:
                break
            number = self.runs.mark_of(ended.si_pid)
            pid, status, usage = os.wait4(ended.si_pid, 0)
            self.terminal.on_reaped(pid, status)
            self.runs.on_reaped(pid, number, status, usage)
        if self.terminal.outlived():
            self.kill_left_over()

    def repl_ended(self):
        if self.state == "running":
            self.state = "exited"
        self.input_credit = 0
        self.kill_left_over()
        self.event("exit", offset=self.terminal.log.end, **self.terminal.exit)

    def kill_left_over(self):
        """Ends whatever a REPL has left behind; runs go on."""
        if self.runs:
            self.runs.kill_others()
        else:
            process.kill_all()
