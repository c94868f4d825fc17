"""Requests about the REPL and its terminal: the claim, a restart, its size, signals, and the sandbox's counters."""

from . import frames, kernel, process, terminal, workspace
from .refusal import Refusal


class ReplRequests:
    def __init__(self, agent, requests):
        self._agent = agent
        self._requests = requests

    def lose(self, request):
        """A restart that came to nothing has ended the old REPL all the same."""
        if request["op"] == "restart" and self._agent.state != "waiting":
            self._agent.terminal.close()
            self._tell_killed()

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

        self._requests.with_files(request, go)

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

        self._requests.with_files(request, go)

    def _begin(self, env, startup):
        self._agent.session_env = env
        if not self._agent.hook:
            self._agent.terminal.start(env)
        self._agent.terminal.release(env, startup or "")
        self._agent.state = "running"

    def _end_repl(self):
        """Ends every process of the user, then reads what they still printed."""
        process.kill_all()
        self._agent.runs.end_all()
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
