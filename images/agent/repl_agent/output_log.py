"""The terminal's log: a byte string with absolute offsets of which the last CAPACITY bytes are kept."""

CAPACITY = 256 * 1024


class OutputLog:
    def __init__(self):
        self._bytes = bytearray()
        self.start = 0

    @property
    def end(self):
        return self.start + len(self._bytes)

    def append(self, data):
        self._bytes += data
        surplus = len(self._bytes) - CAPACITY
        if surplus > 0:
            del self._bytes[:surplus]
            self.start += surplus

    def at_line_start(self):
        return not self._bytes or self._bytes.endswith(b"\n")

    def read(self, offset, size):
        """Up to size bytes from an offset between start and end."""
        at = offset - self.start
        return bytes(memoryview(self._bytes)[at : at + size])

    def clear(self):
        """Forgets what was written; offsets go on."""
        self.start = self.end
        self._bytes.clear()
