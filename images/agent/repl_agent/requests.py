"""What a runner may ask of the agent. Each request is answered once: at once, or when its files or its process have ended."""

from . import frames, kernel, process, terminal, workspace
from .refusal import Refusal
from .spawned import Spawned
from .transfers import Download, Upload

MAX_SPAWNED = 64


class Requests:
    def __init__(self, agent):
        self._agent = agent

    def take(self, request):
        handler = getattr(self, "op_" + request["op"], None)
        if handler is None:
            self._agent.refuse(request["id"], "unsupported", "no request named " + request["op"])
            return
        try:
            handler(request)
        except (Refusal, workspace.WorkspaceError, process.StartFailed, OSError) as error:
            self._fail(request, error)

    def _fail(self, request, error):
        code = "start_failed" if isinstance(error, process.StartFailed) else getattr(error, "code", "failed")
        self._agent.refuse(request["id"], code, str(error))
        if code != "state":
            self._lose_repl(request)

    def _lose_repl(self, request):
        """A restart that came to nothing has ended the old REPL all the same."""
        if request["op"] == "restart" and self._agent.state != "waiting":
            self._agent.terminal.close()
            self._tell_killed()

    def _with_files(self, request, then):
        """Takes files on a channel before going on; channel null goes on at once."""
        if request["files"] is None:
            then(0, 0)
        else:
            fail, lost = lambda error: self._fail(request, error), lambda: self._lose_repl(request)
            self._agent.uploads.expect(request["files"], Upload(then, fail, lost))

    def op_start(self, request):
        """The claim: files, then size, environment and start-up code, then the prompt."""
        if self._agent.state != "waiting":
            raise Refusal("state", "the REPL has been started before")
        self._agent.terminal.resize(request["cols"], request["rows"])
        late_env = request["env"]
        if self._agent.hook and (self._agent.terminal.ended() or any(terminal.read_at_start(name) for name in late_env)):
            self._end_repl()
            self._agent.terminal.forget_output()
            self._agent.terminal.start(late_env)

        def go(files, size):
            self._begin(late_env, request["startup"])
            self._agent.respond(request["id"], files=files, bytes=size)

        self._with_files(request, go)

    def op_restart(self, request):
        """A fresh REPL; with files, they replace the old ones."""
        if self._agent.state == "waiting":
            raise Refusal("state", "the REPL has not been started yet")
        self._end_repl()
        if request["files"] is not None:
            workspace.clear()
        if request.get("cols"):
            self._agent.terminal.resize(request["cols"], request["rows"])

        def go(files, size):
            self._agent.terminal.restore()
            offset = self._agent.terminal.log.end
            if self._agent.hook:
                self._agent.terminal.start(request["env"])
            self._begin(request["env"], request["startup"])
            self._agent.respond(request["id"], files=files, bytes=size, offset=offset)

        self._with_files(request, go)

    def _begin(self, env, startup):
        if not self._agent.hook:
            self._agent.terminal.start(env)
        self._agent.terminal.release(env, startup or "")
        self._agent.state = "running"

    def _end_repl(self):
        """Ends every process of the user, then reads what they still printed."""
        for child in list(self._agent.spawned.values()):
            self._agent.end_spawned(child)
        process.kill_all()
        self._agent.terminal.drain()
        self._agent.terminal.close()
        self._agent.input_credit = 0

    def op_resize(self, request):
        self._agent.terminal.resize(request["cols"], request["rows"])
        self._agent.respond(request["id"])

    def op_signal(self, request):
        queued = len(self._agent.terminal.pending_input)
        if not self._agent.terminal.signal(request["name"]):
            raise Refusal("state", "no process is in the foreground")
        self._agent.grant(frames.TERMINAL, queued - len(self._agent.terminal.pending_input))
        self._agent.respond(request["id"])

    def op_interrupt(self, request):
        """Like a typed interrupt character, but past all input that is queued on the way."""
        queued = len(self._agent.terminal.pending_input)
        interrupted = self._agent.terminal.interrupt()
        self._agent.grant(frames.TERMINAL, queued - len(self._agent.terminal.pending_input))
        self._agent.respond(request["id"], interrupted=interrupted)

    def op_usage(self, request):
        self._agent.respond(request["id"], **kernel.usage())

    def op_kill_all(self, request):
        self._end_repl()
        if self._agent.state == "running":
            self._tell_killed()
        self._agent.respond(request["id"])

    def _tell_killed(self):
        self._agent.terminal.exit = {"exit_code": None, "signal": "SIGKILL", "outcome": "signal"}
        self._agent.repl_ended()

    def op_unpack(self, request):
        if request["replace"]:
            workspace.clear()
        self._with_files(request, lambda files, size: self._agent.respond(request["id"], files=files, bytes=size))

    def op_pack(self, request):
        if self._agent.download is not None:
            raise Refusal("busy", "the workspace is being read already")
        self._agent.download = Download(request)

    def op_spawn(self, request):
        if len(self._agent.spawned) >= MAX_SPAWNED:
            raise Refusal("busy", "too many processes at once")
        env = {**self._agent.env, **request["env"]}
        child = Spawned(request["id"], request["argv"], env, terminal.WORKSPACE, request["channels"])
        for channel in child.credit:
            child.credit[channel] = request["credit"]
        self._agent.spawned[request["id"]] = child

    def op_kill(self, request):
        child = self._agent.spawned.get(request["spawn"])
        if child is not None:
            child.kill()
        self._agent.respond(request["id"])
        self._agent.settle_spawned()
