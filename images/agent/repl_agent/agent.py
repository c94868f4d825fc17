"""The agent's loop: frames in, frames out, one poll over everything that can happen in the sandbox.

It obeys one runner at a time (the holder of its lease), answers each request once, and ends itself and so the sandbox
when no runner has spoken for `orphan_seconds`.
"""

import json
import os
import select
import signal
import time

from . import frames, process, transfers
from .lease import Lease
from .link import Link, end_sandbox
from .output_log import CAPACITY
from .requests import Requests

TICK_SECONDS = 0.5
MAX_REQUEST = 1024 * 1024
# Credit for typed input goes back in steps: a frame for each key would wake the runner while the REPL answers.
INPUT_CREDIT_STEP = 1024


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
        self.download = None
        self.spawned = {}
        self.poll = select.poll()
        self.registered = {}
        self.wake, wake_write = os.pipe()
        for fd in (self.wake, wake_write):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)

    # --- the loop ---

    def run(self):
        tick_at = 0.0
        while True:
            self.pump()
            now = time.monotonic()
            if now >= tick_at:
                self.tick(now)
                tick_at = now + TICK_SECONDS
            rest = self.terminal.rest(now)
            self.watch(rest)
            for fd, _ in self.poll.poll(min(tick_at - now, rest or TICK_SECONDS) * 1000):
                self.on_event(fd)
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
        for child in self.spawned.values():
            for fd, channel in child.outputs.items():
                self.want(fd, select.POLLIN if child.credit[channel] and not self.link.backlogged else 0)
            if child.input_fd is not None:
                self.want(child.input_fd, select.POLLOUT if child.pending_input else 0)

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
        elif not self.on_spawned(fd):
            self.want(fd, 0)

    def on_spawned(self, fd):
        for child in self.spawned.values():
            if fd == child.input_fd:
                self.grant(child.stdin_channel, child.flush_input())
                return True
            if fd in child.outputs:
                result = child.read(fd)
                if result is not None:
                    channel, data = result
                    self.link.send(frames.DATA if data else frames.END, frames.CHANNEL.pack(channel), data)
                    self.settle_spawned()
                return True
        return False

    def tick(self, now):
        silence = self.lease.silence(now)
        if silence > self.orphan_seconds:
            end_sandbox()
        if silence > self.resume_grace:
            self.terminal.read_limit = frames.FREE
        if self.lease.unheld(now) and not self.link.unsent:
            self.link.send(frames.UNHELD)
        self.terminal.look_again(now)
        self.terminal.tell_limits()
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
        if self.download is not None:
            self.pump_download(self.download)
        if self.link.unsent:
            self.link.flush()

    def pump_download(self, download):
        try:
            if not download.pump(self.link):
                return
            self.respond(download.request_id)
        except OSError as error:
            self.refuse(download.request_id, "archive_invalid", str(error))
        self.download = None

    # --- frames in ---

    def on_frame(self, kind, payload):
        if kind == frames.SYNC:
            self.on_sync(payload[: frames.NONCE_BYTES], json.loads(payload[frames.NONCE_BYTES :]))
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
            self.requests.take(json.loads(parts + payload))
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
        }
        self.link.send(frames.SYNCED, nonce, json.dumps(state).encode())

    def drop_connection(self):
        """What an earlier runner had under way is over; the terminal and its REPL go on."""
        self.request_parts.clear()
        self.input_credit = 0
        for child in list(self.spawned.values()):
            self.end_spawned(child)
        self.uploads.abort()
        self.download = None

    def on_data(self, channel, data):
        if channel == frames.TERMINAL:
            self.grant(frames.TERMINAL, self.terminal.write(data) if self.state == "running" else len(data))
            return
        if self.uploads.feed(channel, data):
            return
        for child in self.spawned.values():
            if child.stdin_channel == channel:
                self.grant(channel, child.write(data))
                return

    def on_end(self, channel):
        if self.uploads.finish(channel):
            return
        for child in self.spawned.values():
            if child.stdin_channel == channel:
                child.end_input()

    def on_credit(self, channel, count):
        if self.download is not None and self.download.channel == channel:
            self.download.credit += count
        for child in self.spawned.values():
            if channel in child.credit:
                child.credit[channel] += count

    # --- processes that end ---

    def reap(self):
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            self.terminal.on_reaped(pid, status)
            for child in self.spawned.values():
                if child.pid == pid:
                    child.status, child.rusage = status, usage
        self.settle_spawned()

    def settle_spawned(self):
        """Answers for the processes on pipes that have ended and said everything."""
        for child in [child for child in self.spawned.values() if child.done()]:
            del self.spawned[child.request_id]
            self.pass_on(child)
            child.close()
            self.respond(child.request_id, **child.result())

    def pass_on(self, child):
        """What a killed process left in its pipes, as far as there is credit."""
        for fd in list(child.outputs):
            result = child.read(fd)
            while result and result[1]:
                self.link.send(frames.DATA, frames.CHANNEL.pack(result[0]), result[1])
                result = child.read(fd)

    def repl_ended(self):
        if self.state == "running":
            self.state = "exited"
        self.input_credit = 0
        if not self.spawned:
            process.kill_all()
        self.event("exit", offset=self.terminal.log.end, **self.terminal.exit)

    def end_spawned(self, child):
        child.kill()
        self.spawned.pop(child.request_id, None)
        child.close()
