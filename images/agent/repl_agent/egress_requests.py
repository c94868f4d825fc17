"""The request for a way out, which a runner makes before the session's first program runs, or never."""


class EgressRequests:
    def __init__(self, agent):
        self._agent = agent

    def op_egress(self, request):
        """Opens the proxy's port on the loopback; `grant` is the runner's own note, given back at each sync."""
        self._agent.egress.open(request["port"], request["grant"])
        self._agent.respond(request["id"])
