"""That a terminal loses nothing which came, against a runner that is made up."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import AsyncIterator, Awaitable, Callable, List, Union

import anyio
import pytest
from websockets.asyncio.server import ServerConnection, serve

from repl_runner import ReplClient, Terminal, TerminalClosedError

pytestmark = pytest.mark.anyio

HELLO = json.dumps({"type": "hello", "epoch": "e", "offset": 0, "cols": 80, "rows": 24, "role": "owner"})


@asynccontextmanager
async def attached(runner: Callable[[ServerConnection], Awaitable[None]]) -> AsyncIterator[Terminal]:
    """A terminal whose runner greets it and then does this."""

    async def greet(socket: ServerConnection) -> None:
        await socket.send(HELLO)
        await runner(socket)

    async with serve(greet, "127.0.0.1", 0, subprotocols=["repl.v1"]) as server:  # type: ignore[list-item]
        port = next(iter(server.sockets)).getsockname()[1]
        async with ReplClient(f"http://127.0.0.1:{port}") as client, client.attach("r.1") as terminal:
            yield terminal


async def last_words(socket: ServerConnection) -> None:
    for line in (b"one\n", b"two\n", b"three\n"):
        await socket.send(line)
    await socket.close(4002)


async def test_gives_all_that_came_before_it_was_closed() -> None:
    seen = b""
    async with attached(last_words) as terminal:
        await terminal._open().wait_closed()
        with pytest.raises(TerminalClosedError) as caught:
            async for piece in terminal:
                seen += piece
    assert (seen, caught.value.code) == (b"one\ntwo\nthree\n", "deleted")


async def test_keeps_what_was_read_in_vain() -> None:
    async with attached(last_words) as terminal:
        with pytest.raises(TerminalClosedError):
            await terminal.read_until(">>> ")
        assert await terminal.read_until("three\n") == b"one\ntwo\nthree\n"


async def test_keeps_what_was_read_when_its_reader_was_called_off() -> None:
    async def half(socket: ServerConnection) -> None:
        await socket.send(b"one\n")
        await socket.recv()
        await socket.wait_closed()

    async with attached(half) as terminal:
        with anyio.move_on_after(0.2):
            await terminal.read_until(">>> ")
        assert await terminal.read_until("one\n") == b"one\n"


async def test_types_more_than_one_message_may_hold() -> None:
    taken: List[Union[str, bytes]] = []

    async def take(socket: ServerConnection) -> None:
        async for message in socket:
            taken.append(message)

    text = b"x" * 1_500_000
    async with attached(take) as terminal:
        await terminal.send(text)
    assert all(len(message) <= 1024 * 1024 for message in taken)
    assert b"".join(message for message in taken if isinstance(message, bytes)) == text
