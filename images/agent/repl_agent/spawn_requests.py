"""Requests about processes beside the REPL, each on pipes of its own."""

from . import terminal
from .refusal import Refusal
from .spawned import Spawned

MAX_SPAWNED = 64


class SpawnRequests:
    def __init__(self, agent):
        self._agent = agent

    def op_spawn(self, request):
        """Answered when the process has ended, and whatever it has left running with it."""
        runs = self._agent.runs
        if len(runs) >= MAX_SPAWNED:
            raise Refusal("busy", "too many processes at once")
        session_env = self._agent.session_env if request.get("as_repl") else {}
        env = {**self._agent.env, **session_env, **request["env"]}
        runs.add(Spawned(runs.next_number(), request, env, terminal.WORKSPACE))

    def op_kill(self, request):
        child = self._agent.runs.named(request["stdout"])
        if child is not None:
            self._agent.runs.stop(child)
        self._agent.respond(request["id"])
