"""Prints without end: lines, one line, binary, or sequences that a terminal waits in vain for the end of."""

import sys

FLOODS = {
    "lines": (b"", b"all work and no play makes a dull flood\n" * 100),
    "one-line": (b"", b"x" * 65536),
    "binary": (b"", bytes(range(256)) * 256),
    "title": (b"\x1b]0;", b"t" * 65536),
    "device-control": (b"\x1bP1$t", b"d" * 65536),
    "parameters": (b"\x1b[", b"1;" * 32768),
    "escapes": (b"", b"\x1b" * 65536),
    "combining": (b"a", "\u0301".encode() * 32768),
}
stream = sys.stderr.buffer if sys.argv[2:] == ["stderr"] else sys.stdout.buffer
start, more = FLOODS[sys.argv[1]]
stream.write(start)
while True:
    stream.write(more)
