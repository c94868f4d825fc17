"""What a runner may ask of the agent. Each request is answered once: at once, or when its files or its process have ended.

Each topic is a class of its own whose methods `op_<name>` take the request; this is what all of them share.
"""

from . import process
from .egress_requests import EgressRequests
from .file_requests import FileRequests
from .refusal import Refusal
from .repl_requests import ReplRequests
from .spawn_requests import SpawnRequests
from .transfers import Upload
from .workspace import Unpacker
from .workspace_error import WorkspaceError


class Requests:
    def __init__(self, agent):
        self._agent = agent
        self._repl = ReplRequests(agent, self)
        self._topics = (self._repl, FileRequests(agent, self), SpawnRequests(agent), EgressRequests(agent))

    def take(self, request):
        name = "op_" + request["op"]
        handler = next((getattr(topic, name) for topic in self._topics if hasattr(topic, name)), None)
        if handler is None:
            self._agent.refuse(request["id"], "unsupported", "no request named " + request["op"])
            return
        try:
            handler(request)
        except (Refusal, WorkspaceError, process.StartFailed, OSError) as error:
            self.fail(request, error)

    def fail(self, request, error):
        code = getattr(error, "code", "failed")
        self._agent.refuse(request["id"], code, str(error))
        if code != "state":
            self._repl.lose(request)

    def with_files(self, request, then):
        """Takes files on a channel before going on with `then(files, bytes)`; channel null goes on at once."""
        if request["files"] is None:
            then(0, 0)
        else:
            fail, lost = lambda error: self.fail(request, error), lambda: self._repl.lose(request)
            unpacker = Unpacker()
            done = lambda: then(unpacker.files, unpacker.bytes)
            self._agent.uploads.expect(request["files"], Upload(unpacker, done, fail, lost))
