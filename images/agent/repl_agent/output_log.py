"""The terminal's log: a byte string with absolute offsets of which the last CAPACITY bytes are kept.

A ring of pages that the kernel gives as they are written. The PTY is read straight into it and the runner's stream is
written straight from it.
"""

import mmap

CAPACITY = 256 * 1024


class OutputLog:
    def __init__(self):
        self._ring = memoryview(mmap.mmap(-1, CAPACITY, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
        self.start = self.end = 0

    def space(self, size):
        """Where the next bytes go, at most size and at least one; they count once `advance` has said how many came."""
        at = self.end % CAPACITY
        return self._ring[at : min(at + size, CAPACITY)]

    def advance(self, count):
        """Bytes were written to the space; the oldest ones are gone for them."""
        self.end += count
        self.start = max(self.start, self.end - CAPACITY)

    def append(self, data):
        while data:
            space = self.space(len(data))
            space[:] = data[: len(space)]
            self.advance(len(space))
            data = data[len(space) :]

    def at_line_start(self):
        return self.start == self.end or self._ring[(self.end - 1) % CAPACITY] == 0x0A

    def views(self, offset, size):
        """What was written at an offset between start and end, in one or two pieces; they hold until the next write."""
        at = offset % CAPACITY
        if at + size <= CAPACITY:
            return (self._ring[at : at + size],)
        return self._ring[at:], self._ring[: at + size - CAPACITY]

    def clear(self):
        """Forgets what was written; offsets go on."""
        self.start = self.end
