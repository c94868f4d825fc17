"""Files on their way, each on a channel of its own: uploads as they come, downloads as fast as there is credit.

A transfer that fails says so to whoever asked for it, and only when its stream has ended, so that channels stay in step.
"""

from . import frames, process
from .workspace_error import WorkspaceError, translate

MAX_UPLOADS = 64
MAX_DOWNLOADS = 64
CHUNK = 32 * 1024


class Upload:
    """Bytes for a `taker` with feed, finish and abort. At its end `then()` or `fail(error)`; `lost()` where none will come."""

    def __init__(self, taker, then, fail, lost):
        self._taker, self._then, self._fail, self._lost = taker, then, fail, lost
        self._error = None

    def feed(self, data):
        if self._error is not None:
            return
        try:
            self._taker.feed(data)
        except WorkspaceError as error:
            self._taker.abort()
            self._error = error

    def finish(self):
        try:
            if self._error is not None:
                raise self._error
            self._taker.finish()
            self._then()
        except (WorkspaceError, process.StartFailed, OSError) as error:
            self._fail(error)

    def cancel(self):
        self._taker.abort()
        self._fail(WorkspaceError("cancelled", "it was cancelled"))

    def abort(self):
        self._taker.abort()
        self._lost()


class Uploads:
    def __init__(self):
        self._by_channel = {}

    @property
    def full(self):
        return len(self._by_channel) >= MAX_UPLOADS

    def expect(self, channel, upload):
        if self.full:
            raise WorkspaceError("busy", "too many uploads at once")
        if channel in self._by_channel:
            raise frames.ProtocolError("a channel was opened twice")
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

    def cancel(self, channel):
        upload = self._by_channel.pop(channel, None)
        if upload is not None:
            upload.cancel()

    def abort(self):
        uploads, self._by_channel = self._by_channel, {}
        for upload in uploads.values():
            upload.abort()


class Download:
    """What a generator yields, against credit. At its end `then()`; `fail(error)` where it cannot go on."""

    def __init__(self, request, pieces, then, fail):
        self.channel = request["channel"]
        self.credit = request["credit"]
        self.then, self.fail = then, fail
        self._pieces = pieces
        self._gathered = bytearray()

    def pump(self, link):
        """Sends what may go now; True when everything has gone. Raises OSError and WorkspaceError."""
        while self.credit > 0 and not link.backlogged:
            size = min(self.credit, CHUNK)
            self._gather(size)
            data = bytes(self._gathered[:size])
            if not data:
                return True
            del self._gathered[:size]
            self.credit -= len(data)
            link.send(frames.DATA, frames.CHANNEL.pack(self.channel), data)
        return False

    def _gather(self, size):
        """Many small pieces go in one frame."""
        while len(self._gathered) < size:
            piece = next(self._pieces, None)
            if piece is None:
                return
            self._gathered += piece

    def close(self):
        self._pieces.close()


class Downloads:
    def __init__(self):
        self._by_channel = {}

    @property
    def full(self):
        return len(self._by_channel) >= MAX_DOWNLOADS

    def add(self, download):
        if self.full:
            raise WorkspaceError("busy", "too many downloads at once")
        if download.channel in self._by_channel:
            raise frames.ProtocolError("a channel was opened twice")
        self._by_channel[download.channel] = download

    def grant(self, channel, count):
        download = self._by_channel.get(channel)
        if download is not None:
            download.credit += count

    def pump(self, link):
        for download in list(self._by_channel.values()):
            failure = None
            try:
                if not download.pump(link):
                    continue
            except OSError as error:
                failure = translate(error)
            except WorkspaceError as error:
                failure = error
            del self._by_channel[download.channel]
            link.send(frames.END, frames.CHANNEL.pack(download.channel))
            download.close()
            if failure is None:
                download.then()
            else:
                download.fail(failure)

    def cancel(self, channel):
        download = self._by_channel.pop(channel, None)
        if download is not None:
            download.close()
            download.fail(WorkspaceError("cancelled", "it was cancelled"))

    def abort(self):
        downloads, self._by_channel = self._by_channel, {}
        for download in downloads.values():
            download.close()
