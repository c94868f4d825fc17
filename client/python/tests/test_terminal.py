"""A terminal over its websocket."""

from __future__ import annotations

import sys

import pytest
from conftest import Start

from repl_runner import ReplClient, TerminalClosedError, UnreachableError

pytestmark = pytest.mark.anyio


async def test_types_and_reads(client: ReplClient, start: Start) -> None:
    session = await start()
    async with client.attach(session.id, cols=66, rows=20) as terminal:
        await terminal.read_until(">>> ")
        assert terminal.role == "owner"
        await terminal.send("import os; os.get_terminal_size().columns * 100\n")
        await terminal.read_until("6600")
        await terminal.resize(cols=55, rows=20)
        await terminal.send("os.get_terminal_size().columns * 100\n")
        await terminal.read_until("5500")


async def test_says_what_is_to_be_installed(client: ReplClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "websockets.asyncio.client", None)
    with pytest.raises(ImportError, match=r"pip install 'repl_runner\[terminal\]'"):
        async with client.attach("a.1"):
            pass


async def test_reads_more_than_may_be_on_its_way(client: ReplClient, start: Start) -> None:
    session = await start()
    async with client.attach(session.id) as terminal:
        await terminal.read_until(">>> ")
        await terminal.send("for n in range(200_000): print(n)\n\n")
        seen = await terminal.read_until("199999\r\n", timeout=60)
        numbers = [int(line) for line in seen.split(b"\r\n") if line.isdigit()]
        assert numbers == list(range(200_000))


async def test_signals_what_runs(client: ReplClient, start: Start) -> None:
    session = await start()
    async with client.attach(session.id) as terminal:
        await terminal.read_until(">>> ")
        await terminal.send("print('be' 'gun') or any(i for i in iter(int, 1))\n")
        await terminal.read_until("begun")
        await terminal.signal("SIGINT")
        await terminal.read_until("KeyboardInterrupt")


async def test_ends_with_the_repl_and_goes_on_after_a_restart(client: ReplClient, start: Start) -> None:
    session = await start()
    async with client.attach(session.id) as terminal:
        await terminal.read_until(">>> ")
        await terminal.send("exit(3)\n")
        async for _ in terminal:
            pass
        assert terminal.exit is not None
        assert (terminal.exit.outcome, terminal.exit.exit_code) == ("runtime_error", 3)
        await client.restart_session(session.id)
        await terminal.read_until(">>> ")
        assert terminal.exit is None


async def test_watches_by_the_view_id(client: ReplClient, start: Start) -> None:
    session = await start()
    async with client.attach(session.view_id) as terminal:
        await terminal.read_until(">>> ")
        assert terminal.role == "viewer"


async def test_says_that_something_did_not_come(client: ReplClient, start: Start) -> None:
    session = await start()
    async with client.attach(session.id) as terminal:
        with pytest.raises(UnreachableError) as caught:
            await terminal.read_until("never printed", timeout=0.2)
        assert caught.value.code == "timeout"
        await terminal.send("6 * 7000\n")
        await terminal.read_until("42000")


async def test_says_why_it_was_closed(client: ReplClient, start: Start) -> None:
    session = await start()
    async with client.attach(session.id) as terminal:
        await terminal.read_until(">>> ")
        await client.delete_session(session.id)
        with pytest.raises(TerminalClosedError) as caught:
            async for _ in terminal:
                pass
            async for _ in terminal:
                pass
        assert (caught.value.code, caught.value.status) == ("deleted", 4002)


async def test_says_that_nobody_is_there() -> None:
    client = ReplClient("http://127.0.0.1:1")
    with pytest.raises(UnreachableError):
        async with client.attach("runner-1.none"):
            pass
    await client.aclose()
