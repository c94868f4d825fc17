"""The frame codec: `type:u8 length:u32 payload crc32:u32`, big endian, or the single byte NOOP.

Big endian and a zero NOOP together mean that a header cut short and completed by no-ops never names a longer payload
than was meant, so no-ops for the length of the largest frame always reach past it.
"""

import struct
import zlib

MAX_PAYLOAD = 64 * 1024
HEADER = struct.Struct(">BI")
CRC = struct.Struct(">I")
CHANNEL = struct.Struct(">I")
CREDIT_PAYLOAD = struct.Struct(">II")
OFFSET = struct.Struct(">Q")
FLOW_PAYLOAD = struct.Struct(">QQ")
NONCE_BYTES = 16
# The terminal's input and its credit.
TERMINAL = 0
FREE = 2**64 - 1

NOOP = 0
# runner to agent
SYNC, RELEASE, PING, REQUEST, FLOW, REQUEST_PART = 1, 2, 3, 4, 5, 6
# agent to runner
SYNCED, DENIED, UNHELD, PONG, RESPONSE, EVENT, OUTPUT = 65, 66, 67, 68, 69, 70, 71
# both ways
DATA, END, CREDIT = 32, 33, 34

TO_AGENT = frozenset((SYNC, RELEASE, PING, REQUEST, FLOW, REQUEST_PART, DATA, END, CREDIT))


class ProtocolError(Exception):
    """What arrived can be no frame, and no later byte can be trusted to start one."""


def pieces(kind, *parts):
    """One whole frame, as the buffers to be written one after the other; the parts together are at most MAX_PAYLOAD bytes."""
    header = HEADER.pack(kind, sum(map(len, parts)))
    checksum = zlib.crc32(header)
    for part in parts:
        checksum = zlib.crc32(part, checksum)
    return (header, *parts, CRC.pack(checksum))


class Decoder:
    """Splits a byte stream into frames; a frame whose checksum is wrong is dropped whole and counted."""

    def __init__(self):
        self._buffer = bytearray()
        self.damaged = 0

    def feed(self, data):
        """Yields (type, payload) for each whole frame. Raises ProtocolError on a length beyond MAX_PAYLOAD."""
        buffer = self._buffer
        buffer += data
        position, size = 0, len(buffer)
        try:
            while position < size:
                if buffer[position] == NOOP:
                    position += 1
                    continue
                if size - position < HEADER.size:
                    return
                kind, length = HEADER.unpack_from(buffer, position)
                if length > MAX_PAYLOAD:
                    raise ProtocolError("a frame of %d bytes" % length)
                end = position + HEADER.size + length
                if size < end + CRC.size:
                    return
                body = bytes(memoryview(buffer)[position:end])
                intact = CRC.unpack_from(buffer, end)[0] == zlib.crc32(body)
                position = end + CRC.size
                if intact:
                    yield kind, body[HEADER.size :]
                else:
                    self.damaged += 1
        finally:
            del buffer[:position]
