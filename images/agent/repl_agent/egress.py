"""The way out, where the runner gives one: a port on the sandbox's loopback whose connections are channels to the runner.

Bytes pass as they are: the HTTP proxy that programs meet there speaks from the runner, which alone knows what is allowed.
Either side ends a connection as a whole; what the other one has sent by then is still delivered.
"""

import select
import socket

from . import frames
from .refusal import Refusal

# Channels that the agent names have this bit; the runner's do not.
OWN_CHANNELS = 0x80000000
ADDRESS = "127.0.0.1"
# More wait in the kernel's queue; the runner allows fewer.
MAX_CONNECTIONS = 64
CHUNK = 32 * 1024
# Bytes for a program that may wait here; the runner sends no more without credit.
WINDOW = 128 * 1024


class Connection:
    """One program's connection; `credit` is what the runner still takes of it."""

    def __init__(self, socket_, channel):
        self.socket = socket_
        self.channel = channel
        self.credit = 0
        self.pending = bytearray()
        # The runner has sent all that it will.
        self.ended = False

    def read(self):
        """What the program has sent, b"" at its end, None where there is nothing now."""
        try:
            return self.socket.recv(min(CHUNK, self.credit))
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def flush(self):
        """Writes what the program takes now; answers how many bytes left the queue, None where it is gone."""
        before = len(self.pending)
        while self.pending:
            try:
                with memoryview(self.pending) as view:
                    written = self.socket.send(view[:CHUNK])
            except BlockingIOError:
                break
            except OSError:
                return None
            del self.pending[:written]
        return before - len(self.pending)


class Egress:
    def __init__(self, agent):
        self._agent = agent
        # What the runner wants to be told of it when it comes back, or another one does.
        self.grant = None
        self._listener = None
        self._last = OWN_CHANNELS
        self._by_channel = {}
        self._by_fd = {}
        # The kernel has refused a connection for want of something: not again before the next tick.
        self._resting = False

    def open(self, port, grant):
        """Listens from now on. Raises Refusal where that cannot be."""
        if self._listener is not None:
            raise Refusal("state", "the way out is open already")
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((ADDRESS, port))
            listener.listen(MAX_CONNECTIONS)
            listener.setblocking(False)
        except OSError as error:
            listener.close()
            raise Refusal("failed", "no way out can be opened: " + str(error.strerror))
        self._listener, self.grant = listener, grant

    # --- the loop ---

    def watch(self, want, backlogged):
        if self._listener is None:
            return
        room = len(self._by_fd) < MAX_CONNECTIONS and not self._resting
        want(self._listener.fileno(), select.POLLIN if room else 0)
        for fd, connection in self._by_fd.items():
            reads = connection.credit > 0 and not backlogged and not connection.ended
            want(fd, (select.POLLIN if reads else 0) | (select.POLLOUT if connection.pending else 0))

    def tick(self):
        self._resting = False

    def on_event(self, fd):
        """False where the descriptor is nobody's here."""
        if self._listener is not None and fd == self._listener.fileno():
            self._accept()
            return True
        connection = self._by_fd.get(fd)
        if connection is None:
            return False
        if connection.pending:
            self._flush(connection)
        if fd in self._by_fd and connection.credit > 0 and not connection.ended:
            self._pass_on(connection)
        return True

    def _accept(self):
        try:
            accepted, _ = self._listener.accept()
        except BlockingIOError:
            return
        except OSError:
            self._resting = True
            return
        accepted.setblocking(False)
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._last = OWN_CHANNELS + (self._last + 1) % OWN_CHANNELS
        connection = Connection(accepted, self._last)
        self._by_channel[connection.channel] = self._by_fd[accepted.fileno()] = connection
        self._agent.event("connect", channel=connection.channel)

    def _pass_on(self, connection):
        data = connection.read()
        if data is None:
            return
        if data:
            connection.credit -= len(data)
            self._agent.link.send(frames.DATA, frames.CHANNEL.pack(connection.channel), data)
        else:
            self._end(connection)

    def _flush(self, connection):
        taken = connection.flush()
        if taken is None:
            self._end(connection)
            return
        self._agent.grant(connection.channel, taken)
        if connection.ended and not connection.pending:
            self._close(connection)

    def _end(self, connection):
        """The program is gone."""
        self._close(connection)
        if not connection.ended:
            self._agent.link.send(frames.END, frames.CHANNEL.pack(connection.channel))

    def _close(self, connection):
        del self._by_channel[connection.channel]
        del self._by_fd[connection.socket.fileno()]
        connection.socket.close()

    # --- what the runner sends ---

    def on_data(self, channel, data):
        connection = self._by_channel.get(channel)
        if connection is None:
            return
        if len(connection.pending) + len(data) > WINDOW:
            raise frames.ProtocolError("more than a connection's window")
        connection.pending += data
        self._flush(connection)

    def on_end(self, channel):
        connection = self._by_channel.get(channel)
        if connection is not None:
            connection.ended = True
            if not connection.pending:
                self._close(connection)

    def on_credit(self, channel, count):
        connection = self._by_channel.get(channel)
        if connection is not None:
            connection.credit += count

    def drop(self):
        """The runner that they led to is gone; the port stays, for the next one."""
        for connection in list(self._by_channel.values()):
            self._close(connection)
