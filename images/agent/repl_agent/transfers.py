"""Files on their way: uploads, each on a channel of its own, and at most one download of the workspace.

A transfer that fails says so to whoever asked for it, and only when its stream has ended, so that channels stay in step.
"""

from . import frames, process, workspace
from .refusal import Refusal

MAX_UPLOADS = 64


class Upload:
    """A tar that is unpacked as it comes. At its end `then(files, bytes)` or `fail(error)`; `lost()` where none will come."""

    def __init__(self, then, fail, lost):
        self._then, self._fail, self._lost = then, fail, lost
        self._unpacker = workspace.Unpacker()
        self._error = None

    def feed(self, data):
        if self._error is not None:
            return
        try:
            self._unpacker.feed(data)
        except workspace.WorkspaceError as error:
            self._unpacker.abort()
            self._error = error

    def finish(self):
        try:
            if self._error is not None:
                raise self._error
            self._unpacker.finish()
            self._then(self._unpacker.files, self._unpacker.bytes)
        except (workspace.WorkspaceError, process.StartFailed, OSError) as error:
            self._fail(error)

    def abort(self):
        self._unpacker.abort()
        self._lost()


class Uploads:
    def __init__(self):
        self._by_channel = {}

    def expect(self, channel, upload):
        if len(self._by_channel) >= MAX_UPLOADS:
            raise Refusal("busy", "too many uploads at once")
        self._by_channel[channel] = upload

    def feed(self, channel, data):
        """False where no upload uses this channel."""
        upload = self._by_channel.get(channel)
        if upload is not None:
            upload.feed(data)
        return upload is not None

    def finish(self, channel):
        upload = self._by_channel.pop(channel, None)
        if upload is not None:
            upload.finish()
        return upload is not None

    def abort(self):
        uploads, self._by_channel = self._by_channel, {}
        for upload in uploads.values():
            upload.abort()


class Download:
    """The workspace as a tar on a channel, as fast as there is credit."""

    def __init__(self, request):
        self.request_id = request["id"]
        self.channel = request["channel"]
        self.credit = request["credit"]
        self._pieces = workspace.pack()

    def pump(self, link):
        """Sends what may go now; True when everything has gone. Raises OSError when the files cannot be read."""
        while self.credit > 0 and not link.backlogged:
            data = next(self._pieces, None)
            if data is None:
                link.send(frames.END, frames.CHANNEL.pack(self.channel))
                return True
            if data:
                self.credit -= len(data)
                link.send(frames.DATA, frames.CHANNEL.pack(self.channel), data)
        return False
