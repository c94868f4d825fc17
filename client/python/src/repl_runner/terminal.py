"""
A session's terminal over its websocket, by the subprotocol repl.v1: bytes both ways, its size, signals, its exit. It
acknowledges what was taken from it, so that a program never prints more than its reader can take. It does not reconnect.
Needs `websockets`, which the extra `terminal` brings.
"""

from __future__ import annotations

import json
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, AsyncIterator, Dict, Optional, Union
from urllib.parse import urlencode

import anyio

from .errors import ReplError, TerminalClosedError, UnreachableError
from .models.session import Exit, SignalName
from .paths import session_path
from .transport import CONNECT_SECONDS, Transport

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

PROTOCOL = "repl.v1"
# The runner sends the kept log in pieces; none is larger than its messages may be.
MAX_MESSAGE = 4 * 1024 * 1024
# The runner takes messages of up to 1 MiB.
MAX_INPUT = 512 * 1024

CLOSE_CODES = {
    1012: ("draining", True),
    1013: ("not_yet", True),
    4000: ("exited", False),
    4001: ("taken_over", False),
    4002: ("deleted", False),
    4400: ("malformed", False),
    4401: ("unauthorized", False),
    4403: ("forbidden", False),
    4404: ("unknown", False),
    4408: ("expired", False),
    4410: ("gone", False),
    4500: ("sandbox_lost", False),
}


class Terminal:
    """
    Iterate over it for its output: what was kept first, then what comes, until the REPL exits. After a restart it can be
    iterated again.
    """

    def __init__(self, url: str, headers: Dict[str, str], attach_token: Optional[str] = None) -> None:
        self._url = url
        self._headers = headers
        # The token is offered beside the protocol that is meant.
        self._protocols = [PROTOCOL, *([] if attach_token is None else [f"repl.attach.{attach_token}"])]
        self._connection: Optional[ClientConnection] = None
        self._offset = 0
        self._unread = b""
        # How the REPL has ended; None while it runs.
        self.exit: Optional[Exit] = None
        # `owner`, who types, or `viewer`; known once output was taken.
        self.role: Optional[str] = None

    async def __aenter__(self) -> Terminal:
        try:
            from websockets.asyncio.client import connect
            from websockets.exceptions import WebSocketException
            from websockets.typing import Subprotocol
        except ModuleNotFoundError as error:
            raise ImportError("A terminal needs websockets: pip install 'repl_runner[terminal]'") from error

        try:
            self._connection = await connect(
                self._url,
                additional_headers=self._headers,
                subprotocols=[Subprotocol(name) for name in self._protocols],
                open_timeout=CONNECT_SECONDS,
                max_size=MAX_MESSAGE,
                compression=None,
            )
        except (OSError, TimeoutError, WebSocketException) as error:
            raise UnreachableError(f"{self._url} cannot be attached to: {error}", code="unreachable") from error
        return self

    async def __aexit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._unread:
            kept, self._unread = self._unread, b""
            yield kept
        while True:
            message = await self._receive()
            if isinstance(message, bytes):
                self._offset += len(message)
                # What came before it was closed can still be read.
                with suppress(TerminalClosedError):
                    await self._tell(type="ack", offset=self._offset)
                yield message
            elif message.get("type") == "exit":
                return

    async def send(self, text: Union[str, bytes]) -> None:
        """Types it, as it is: a line ends with "\\n"."""
        typed = text.encode() if isinstance(text, str) else text
        for start in range(0, len(typed), MAX_INPUT):
            await self._send(typed[start : start + MAX_INPUT])

    async def resize(self, *, cols: int, rows: int) -> None:
        await self._tell(type="resize", cols=cols, rows=rows)

    async def signal(self, name: SignalName) -> None:
        await self._tell(type="signal", name=name)

    async def read_until(self, marker: Union[str, bytes], *, timeout: float = 10.0) -> bytes:
        """The output up to the marker, which is its end; what is not returned is kept for the next reader. Raises
        UnreachableError with code `timeout`, and TerminalClosedError where the REPL exits before."""
        wanted = marker.encode() if isinstance(marker, str) else marker
        seen = b""
        try:
            with anyio.fail_after(timeout):
                async for piece in self:
                    seen += piece
                    end = seen.find(wanted)
                    if end >= 0:
                        end += len(wanted)
                        found, seen = seen[:end], seen[end:]
                        return found
        except TimeoutError as error:
            raise UnreachableError(f"{marker!r} did not come in {timeout} s.", code="timeout") from error
        finally:
            self._unread = seen
        raise TerminalClosedError(f"The REPL has ended before {marker!r} came.", code="exited")

    async def _receive(self) -> Union[bytes, Dict[str, Any]]:
        """Output, or what the runner says beside it. Raises TerminalClosedError."""
        from websockets.exceptions import ConnectionClosed

        try:
            message = await self._open().recv()
        except ConnectionClosed as error:
            raise _closed(error.rcvd.code if error.rcvd is not None else 1006) from error
        if isinstance(message, bytes):
            return message
        said: Dict[str, Any] = json.loads(message)
        self._note(said)
        return said

    def _note(self, said: Dict[str, Any]) -> None:
        kind = said.get("type")
        if kind in ("hello", "reset", "restarted"):
            self._offset = said["offset"]
        if kind == "hello":
            self.role = said["role"]
        elif kind == "restarted":
            self.exit = None
        elif kind == "exit":
            self.exit = Exit.model_validate(said)

    async def _tell(self, **message: object) -> None:
        await self._send(json.dumps(message))

    async def _send(self, message: Union[str, bytes]) -> None:
        from websockets.exceptions import ConnectionClosed

        try:
            await self._open().send(message)
        except ConnectionClosed as error:
            raise _closed(error.rcvd.code if error.rcvd is not None else 1006) from error

    def _open(self) -> ClientConnection:
        if self._connection is None:
            raise RuntimeError("Use the terminal with `async with`.")
        return self._connection


def terminal_of(
    transport: Transport,
    session_id: str,
    *,
    cols: Optional[int],
    rows: Optional[int],
    attach_token: Optional[str],
) -> Terminal:
    size = {name: value for name, value in (("cols", cols), ("rows", rows)) if value is not None}
    url = "ws" + transport.base_url[len("http") :] + session_path(session_id)
    return Terminal(f"{url}?{urlencode(size)}" if size else url, transport.headers, attach_token)


def _closed(code: int) -> ReplError:
    name, retryable = CLOSE_CODES.get(code, ("connection_lost", True))
    message = f"The terminal was closed ({code} {name})."
    return TerminalClosedError(message, code=name, status=code, retryable=retryable)
