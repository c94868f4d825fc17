"""The agent's end of the stream to its runner: whole frames in, frames out, and what is not written yet.

Standard input and output are the stream. Where it ends, or carries what can be no frame, the sandbox ends with it.
"""

import json
import os
import struct

from . import frames, process

MAX_UNSENT = 256 * 1024
READ_SIZE = 64 * 1024
WRITE_SIZE = 64 * 1024
# A frame of this many bytes costs more to copy than to write on its own.
LARGE = 4 * 1024
MALFORMED = 70  # EX_SOFTWARE


def end_sandbox(code=0, last_words=""):
    """Ends every process and then this one; the runner logs the last words."""
    process.kill_all()
    if last_words:
        os.write(2, (last_words + "\n").encode())
    os._exit(code)


class Link:
    def __init__(self):
        self._decoder = frames.Decoder()
        self._incoming = memoryview(bytearray(READ_SIZE))
        self.unsent = bytearray()
        for fd in (0, 1):
            os.set_blocking(fd, False)

    @property
    def backlogged(self):
        """Whether more output should wait until the runner has taken what is there."""
        return len(self.unsent) >= MAX_UNSENT

    def send(self, kind, *parts):
        """Queues a frame for the next flush; a large one is written from where it lies, as far as the runner takes it."""
        frame = frames.pieces(kind, *parts)
        written = 0
        if not self.unsent and sum(map(len, parts)) >= LARGE:
            written = self._write_now(frame)
        for piece in frame:
            if written < len(piece):
                self.unsent += piece[written:]
            written = max(0, written - len(piece))

    def _write_now(self, frame):
        try:
            return os.writev(1, frame)
        except BlockingIOError:
            return 0
        except OSError:
            end_sandbox()

    def send_json(self, kind, value):
        self.send(kind, json.dumps(value).encode())

    def flush(self):
        """Writes what the runner takes now."""
        unsent = self.unsent
        try:
            while unsent:
                if len(unsent) <= WRITE_SIZE:
                    written = os.write(1, unsent)
                else:
                    with memoryview(unsent) as view:
                        written = os.write(1, view[:WRITE_SIZE])
                del unsent[:written]
        except BlockingIOError:
            pass
        except OSError:
            end_sandbox()

    def receive(self, on_frame):
        """Reads once and hands each whole frame on."""
        try:
            size = os.readv(0, (self._incoming,))
        except BlockingIOError:
            return
        if size == 0:
            end_sandbox()
        try:
            for kind, payload in self._decoder.feed(self._incoming[:size]):
                on_frame(kind, payload)
        except (frames.ProtocolError, ValueError, KeyError, TypeError, struct.error) as error:
            end_sandbox(MALFORMED, "protocol error: %r" % (error,))
