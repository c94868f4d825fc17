"""The agent's loop: frames in, frames out, one poll over everything that can happen in the sandbox.

It obeys one runner at a time (the holder of its lease), answers each request once, and ends itself and so the sandbox
when no runner has spoken for `orphan_seconds`.
"""

import json
import os
import select
import signal
import struct
import time

from . import frames, kernel, process, terminal
from .output_log import CAPACITY
from .spawned import Spawned

TERMINAL = 0
LEASE_SECONDS = 5.0
BEACON_SECONDS = 0.5
TICK_SECONDS = 0.5
MAX_UNSENT = 256 * 1024
MAX_REQUEST = 1024 * 1024
MAX_CHANNELS = 64
CHANNEL = struct.Struct(">I")
CREDIT = struct.Struct(">II")
OFFSET = struct.Struct(">Q")
FLOW = struct.Struct(">QQ")
HOME = "/tmp/home"
NONCE_BYTES = 16


class RequestError(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Agent:
    def __init__(self, settings):
        self.epoch = settings["epoch"]
        self.orphan_seconds = settings["orphan_seconds"]
        self.env = {**os.environ, **settings["env"]}
        self.terminal = terminal.Terminal(settings["repl"], self.env, settings["hook"])
        self.hook = settings["hook"]
        self.state = "waiting"
        self.holder = None
        self.released = True
        self.heard_at = self.beacon_at = time.monotonic()
        self.resume_grace = 60.0
        self.decoder = frames.Decoder()
        self.request_parts = bytearray()
        self.unsent = bytearray()
        self.uploads = {}
        self.download = None
        self.spawned = {}
        self.poll = select.poll()
        self.registered = {}
        self.wake, self.wake_write = os.pipe()

    # --- the loop ---

    def run(self):
        os.makedirs(HOME, exist_ok=True)
        for fd in (0, 1, self.wake, self.wake_write):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(self.wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        if self.hook:
            self.terminal.start({})
        # tarfile takes as long to import as all the rest; the interpreter boots beside it.
        global workspace
        from . import workspace

        while True:
            self.pump()
            self.watch()
            for fd, events in self.poll.poll(TICK_SECONDS * 1000):
                self.on_event(fd, events)
            self.reap()
            self.tick()

    def watch(self):
        """Registers exactly what is to be waited for now. poll goes by number, so a closed descriptor needs no care."""
        wanted = {0: select.POLLIN, self.wake: select.POLLIN}
        if self.unsent:
            wanted[1] = select.POLLOUT
        pty = self.terminal
        if pty.master is not None and not pty.hung_up:
            events = (select.POLLIN if pty.wants_read() else 0) | (select.POLLOUT if pty.pending_input else 0)
            if events:
                wanted[pty.master] = events
        if pty.hook_socket is not None and not pty.ready:
            wanted[pty.hook_socket.fileno()] = select.POLLIN
        for child in self.spawned.values():
            for fd, channel in child.outputs.items():
                if child.credit[channel] and len(self.unsent) < MAX_UNSENT:
                    wanted[fd] = select.POLLIN
            if child.pending_input:
                wanted[child.input_fd] = select.POLLOUT
        for fd in self.registered.keys() - wanted.keys():
            self.poll.unregister(fd)
        for fd, events in wanted.items():
            if self.registered.get(fd) != events:
                self.poll.register(fd, events)
        self.registered = wanted

    def on_event(self, fd, events):
        pty = self.terminal
        if fd == 0:
            self.on_input()
        elif fd == 1:
            self.write_out()
        elif fd == self.wake:
            os.read(fd, 4096)
        elif fd == pty.master:
            if pty.pending_input:
                self.grant(TERMINAL, pty.flush_input())
            if pty.wants_read():
                pty.on_readable()
        elif pty.hook_socket is not None and fd == pty.hook_socket.fileno():
            if pty.on_hook():
                self.event("ready")
            else:
                pty.close_hook()
        else:
            self.on_spawned(fd)

    def on_spawned(self, fd):
        for child in self.spawned.values():
            if fd == child.input_fd:
                self.grant(child.stdin_channel, child.flush_input())
                return
            if fd in child.outputs:
                result = child.read(fd)
                if result is not None:
                    channel, data = result
                    kind = frames.DATA if data else frames.END
                    self.send(kind, CHANNEL.pack(channel), data)
                return

    def tick(self):
        now = time.monotonic()
        silence = now - self.heard_at
        if silence > self.orphan_seconds:
            process.kill_all()
            os._exit(0)
        if silence > self.resume_grace:
            self.terminal.read_limit = frames.FREE
        if (self.released or silence > LEASE_SECONDS) and now - self.beacon_at >= BEACON_SECONDS:
            self.beacon_at = now
            if not self.unsent:
                self.send(frames.UNHELD)
        self.terminal.look_again(now)

    # --- frames out ---

    def send(self, kind, *parts):
        self.unsent += frames.encode(kind, *parts)

    def send_json(self, kind, value):
        self.send(kind, json.dumps(value).encode())

    def event(self, name, **fields):
        self.send_json(frames.EVENT, {"event": name, **fields})

    def respond(self, request_id, **fields):
        self.send_json(frames.RESPONSE, {"id": request_id, **fields})

    def refuse(self, request_id, code, message):
        self.respond(request_id, error={"code": code, "message": message})

    def grant(self, channel, count):
        if count:
            self.send(frames.CREDIT, CREDIT.pack(channel, count))

    def pump(self):
        """Queues what may go out now, and writes."""
        pty = self.terminal
        while len(self.unsent) < MAX_UNSENT:
            pty.sent = max(pty.sent, pty.log.start)
            size = min(pty.log.end - pty.sent, pty.send_credit, frames.MAX_PAYLOAD - OFFSET.size)
            if size <= 0:
                break
            self.send(frames.OUTPUT, OFFSET.pack(pty.sent), pty.log.read(pty.sent, size))
            pty.sent += size
            pty.send_credit -= size
        self.pump_download()
        if self.unsent:
            self.write_out()

    def pump_download(self):
        while self.download and self.download["credit"] > 0 and len(self.unsent) < MAX_UNSENT:
            job = self.download
            try:
                data = next(job["pieces"], None)
            except OSError as error:
                self.download = None
                self.refuse(job["request"], "archive_invalid", str(error))
                return
            if data is None:
                self.download = None
                self.send(frames.END, CHANNEL.pack(job["channel"]))
                self.respond(job["request"])
            elif data:
                job["credit"] -= len(data)
                self.send(frames.DATA, CHANNEL.pack(job["channel"]), data)

    def write_out(self):
        try:
            while self.unsent:
                written = os.write(1, memoryview(self.unsent)[: 64 * 1024])
                del self.unsent[:written]
        except BlockingIOError:
            pass
        except OSError:
            process.kill_all()
            os._exit(0)

    # --- frames in ---

    def on_input(self):
        try:
            data = os.read(0, 128 * 1024)
        except BlockingIOError:
            return
        if not data:
            process.kill_all()
            os._exit(0)
        try:
            for kind, payload in self.decoder.feed(data):
                self.on_frame(kind, payload)
        except (frames.ProtocolError, ValueError, KeyError, TypeError, struct.error) as error:
            os.write(2, ("protocol error: %r\n" % (error,)).encode())
            process.kill_all()
            os._exit(70)

    def on_frame(self, kind, payload):
        if kind == frames.SYNC:
            self.on_sync(payload[:NONCE_BYTES], json.loads(payload[NONCE_BYTES:]))
            return
        if kind not in frames.TO_AGENT:
            raise frames.ProtocolError("a frame of type %d" % kind)
        if self.holder is None:
            return
        self.heard_at = time.monotonic()
        if kind == frames.DATA:
            self.on_data(CHANNEL.unpack_from(payload)[0], payload[CHANNEL.size :])
        elif kind == frames.FLOW:
            self.terminal.read_limit, more = FLOW.unpack(payload)
            self.terminal.send_credit += more
        elif kind == frames.PING:
            self.send(frames.PONG)
        elif kind == frames.REQUEST:
            parts, self.request_parts = bytes(self.request_parts), bytearray()
            self.on_request(json.loads(parts + payload))
        elif kind == frames.REQUEST_PART:
            self.request_parts += payload
            if len(self.request_parts) > MAX_REQUEST:
                raise frames.ProtocolError("a request beyond %d bytes" % MAX_REQUEST)
        elif kind == frames.END:
            self.on_end(CHANNEL.unpack(payload)[0])
        elif kind == frames.CREDIT:
            self.on_credit(*CREDIT.unpack(payload))
        elif kind == frames.RELEASE:
            self.released, self.beacon_at = True, 0.0

    def on_sync(self, nonce, message):
        now = time.monotonic()
        mine = self.released or self.holder == message["replica"]
        if not mine and now - self.heard_at <= LEASE_SECONDS:
            self.send(frames.DENIED, nonce, json.dumps({"holder": self.holder}).encode())
            return
        self.drop_connection()
        self.holder, self.released, self.heard_at = message["replica"], False, now
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
        self.send(frames.SYNCED, nonce, json.dumps(state).encode())

    def drop_connection(self):
        """What an earlier runner had under way is over; the terminal and its REPL go on."""
        self.request_parts.clear()
        for child in list(self.spawned.values()):
            self.end_spawned(child)
        for upload in self.uploads.values():
            upload["unpacker"].abort()
            self.lose_repl(upload)
        self.uploads.clear()
        self.download = None

    def on_data(self, channel, data):
        if channel == TERMINAL:
            if self.state == "running":
                self.grant(TERMINAL, self.terminal.write(data))
            else:
                self.grant(TERMINAL, len(data))
            return
        upload = self.uploads.get(channel)
        if upload is not None:
            if upload["error"] is None:
                try:
                    upload["unpacker"].feed(data)
                except workspace.WorkspaceError as error:
                    upload["unpacker"].abort()
                    upload["error"] = error
            return
        for child in self.spawned.values():
            if child.stdin_channel == channel:
                self.grant(channel, child.write(data))
                return

    def on_end(self, channel):
        upload = self.uploads.pop(channel, None)
        if upload is not None:
            self.finish_upload(upload)
            return
        for child in self.spawned.values():
            if child.stdin_channel == channel:
                child.end_input()

    def on_credit(self, channel, count):
        if self.download and self.download["channel"] == channel:
            self.download["credit"] += count
        for child in self.spawned.values():
            if channel in child.credit:
                child.credit[channel] += count

    # --- requests ---

    def on_request(self, request):
        handler = getattr(self, "request_" + request["op"], None)
        if handler is None:
            self.refuse(request["id"], "unsupported", "no request named " + request["op"])
            return
        try:
            handler(request)
        except (RequestError, workspace.WorkspaceError, process.StartFailed, OSError) as error:
            self.fail(request, error)

    def fail(self, request, error):
        code = "start_failed" if isinstance(error, process.StartFailed) else getattr(error, "code", "failed")
        self.refuse(request["id"], code, str(error))
        if code != "state":
            self.lose_repl(request)

    def lose_repl(self, request):
        """A restart that came to nothing has ended the old REPL all the same."""
        if request["op"] == "restart" and self.state != "waiting":
            self.terminal.close()
            self.tell_killed()

    def expect_upload(self, request, then):
        """Takes files on a channel before going on; channel null goes on at once."""
        channel = request["files"]
        if channel is None:
            then(0, 0)
            return
        if len(self.uploads) >= MAX_CHANNELS:
            raise RequestError("busy", "too many uploads at once")
        unpacker = workspace.Unpacker()
        self.uploads[channel] = {**request, "unpacker": unpacker, "error": None, "then": then}

    def finish_upload(self, upload):
        unpacker = upload["unpacker"]
        try:
            if upload["error"] is not None:
                raise upload["error"]
            unpacker.finish()
            upload["then"](unpacker.files, unpacker.bytes)
        except (workspace.WorkspaceError, process.StartFailed, OSError) as error:
            self.fail(upload, error)

    def request_start(self, request):
        """The claim: files, then size, environment and start-up code, then the prompt."""
        if self.state != "waiting":
            raise RequestError("state", "the REPL has been started before")
        self.terminal.resize(request["cols"], request["rows"])
        late_env = request["env"]
        if self.hook and (self.terminal.ended() or any(terminal.read_at_start(name) for name in late_env)):
            self.end_repl()
            self.terminal.forget_output()
            self.terminal.start(late_env)

        def go(files, size):
            self.begin(late_env, request["startup"])
            self.respond(request["id"], files=files, bytes=size)

        self.expect_upload(request, go)

    def request_restart(self, request):
        """A fresh REPL; with files, they replace the old ones."""
        if self.state == "waiting":
            raise RequestError("state", "the REPL has not been started yet")
        self.end_repl()
        if request["files"] is not None:
            workspace.clear()
        if request.get("cols"):
            self.terminal.resize(request["cols"], request["rows"])

        def go(files, size):
            offset = self.terminal.log.end
            if self.hook:
                self.terminal.start(request["env"])
            self.begin(request["env"], request["startup"])
            self.respond(request["id"], files=files, bytes=size, offset=offset)

        self.expect_upload(request, go)

    def begin(self, env, startup):
        if not self.hook:
            self.terminal.start(env)
        self.terminal.release(env, startup or "")
        self.state = "running"

    def end_repl(self):
        """Ends every process of the user, then reads what they still printed."""
        for child in list(self.spawned.values()):
            self.end_spawned(child)
        process.kill_all()
        pty = self.terminal
        if pty.master is not None:
            while pty.wants_read() and pty.on_readable():
                pass
        pty.close()

    def request_resize(self, request):
        self.terminal.resize(request["cols"], request["rows"])
        self.respond(request["id"])

    def request_signal(self, request):
        queued = len(self.terminal.pending_input)
        if not self.terminal.signal(request["name"]):
            raise RequestError("state", "no process is in the foreground")
        self.grant(TERMINAL, queued - len(self.terminal.pending_input))
        self.respond(request["id"])

    def request_interrupt(self, request):
        """Like a typed interrupt character, but past all input that is queued on the way."""
        queued = len(self.terminal.pending_input)
        interrupted = self.terminal.interrupt()
        self.grant(TERMINAL, queued - len(self.terminal.pending_input))
        self.respond(request["id"], interrupted=interrupted)

    def request_usage(self, request):
        self.respond(request["id"], **kernel.usage())

    def request_kill_all(self, request):
        self.end_repl()
        if self.state == "running":
            self.tell_killed()
        self.respond(request["id"])

    def tell_killed(self):
        self.terminal.exit = {"exit_code": None, "signal": "SIGKILL", "outcome": "signal"}
        self.repl_ended()

    def request_unpack(self, request):
        if request["replace"]:
            workspace.clear()
        self.expect_upload(request, lambda files, size: self.respond(request["id"], files=files, bytes=size))

    def request_pack(self, request):
        if self.download is not None:
            raise RequestError("busy", "the workspace is being read already")
        self.download = {
            "request": request["id"],
            "channel": request["channel"],
            "pieces": workspace.pack(),
            "credit": request["credit"],
        }

    def request_spawn(self, request):
        if len(self.spawned) >= MAX_CHANNELS:
            raise RequestError("busy", "too many processes at once")
        env = {**self.env, **request["env"]}
        cwd = terminal.WORKSPACE
        child = Spawned(request["id"], request["argv"], env, cwd, request["channels"])
        for channel in child.credit:
            child.credit[channel] = request["credit"]
        self.spawned[request["id"]] = child

    def request_kill(self, request):
        child = self.spawned.get(request["spawn"])
        if child is not None:
            child.kill()
        self.respond(request["id"])

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
        for child in list(self.spawned.values()):
            if child.done():
                del self.spawned[child.request_id]
                self.pass_on(child)
                child.close()
                self.respond(child.request_id, **child.result())
        if self.terminal.finished():
            self.repl_ended()

    def pass_on(self, child):
        """What a killed process left in its pipes, as far as there is credit."""
        for fd in list(child.outputs):
            result = child.read(fd)
            while result and result[1]:
                self.send(frames.DATA, CHANNEL.pack(result[0]), result[1])
                result = child.read(fd)

    def repl_ended(self):
        if self.state == "running":
            self.state = "exited"
        if not self.spawned:
            process.kill_all()
        self.event("exit", offset=self.terminal.log.end, **self.terminal.exit)

    def end_spawned(self, child):
        child.kill()
        self.spawned.pop(child.request_id, None)
        child.close()


def close_inherited():
    """Whatever the runner was started with beyond its standard streams is none of the sandbox's."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2:
            try:
                os.close(int(name))
            except OSError:
                pass  # the listing's own


def main(settings):
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    close_inherited()
    kernel.make_undumpable()
    Agent(json.loads(settings)).run()
