"""Sessions of a real runner: start, inspect, restart, resize, signal, fork, end."""

from __future__ import annotations

import io
import tarfile

import pytest
from conftest import Start

from repl_runner import EncodedFile, NotFoundError, ReplClient, RequestedLimits, TerminalSize

pytestmark = pytest.mark.anyio


def tar_of(name: str, content: bytes, mode: str = "w") -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode) as archive:  # type: ignore[call-overload]
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


async def test_starts_a_session_and_tells_of_it(client: ReplClient, start: Start) -> None:
    session = await start(files={"a.py": "x = 1\n", "b.bin": b"\xff\x00", "c.sh": EncodedFile(base64="eA==")})
    assert session.language == "python"
    assert session.state == "running"
    assert session.exit is None
    assert session.created_at < session.expires_at
    seen = await client.get_session(session.id)
    assert (seen.id, seen.view_id) == (session.id, session.view_id)
    viewed = await client.get_session(session.view_id)
    assert (viewed.id, viewed.state) == (None, "running")
    assert any(listed.language == "python" for listed in await client.list_sessions())


async def test_starts_with_limits_of_its_own(start: Start) -> None:
    session = await start(limits=RequestedLimits(memory_mib=128), env={"NAME": "Arthur"}, egress=[])
    assert session.limits.memory_mib == 128
    assert session.started.cold
    assert session.egress == []


@pytest.mark.parametrize("mode", ["w", "w:gz"])
async def test_starts_from_an_archive(start: Start, client: ReplClient, mode: str) -> None:
    session = await start(archive=tar_of("hiker.py", b"answer = 42\n", mode), terminal=TerminalSize(cols=90, rows=20))
    async with client.attach(session.id) as terminal:
        await terminal.read_until(">>> ")
        await terminal.send("import hiker, os; hiker.answer, os.get_terminal_size().columns\n")
        await terminal.read_until("(42, 90)")


async def test_restarts_with_new_files(client: ReplClient, start: Start) -> None:
    session = await start(files={"old.py": ""})
    again = await client.restart_session(session.id, files={"new.py": "x = 5\n"}, startup="import new")
    assert (again.id, again.state) == (session.id, "running")
    async with client.attach(session.id) as terminal:
        await terminal.read_until(">>> ")
        await terminal.send("new.x * 1000\n")
        await terminal.read_until("5000")


async def test_resizes_and_signals(client: ReplClient, start: Start) -> None:
    session = await start()
    async with client.attach(session.id) as terminal:
        await terminal.read_until(">>> ")
        await client.resize(session.id, cols=77, rows=20)
        await terminal.send("import os; os.get_terminal_size()\n")
        await terminal.read_until("columns=77")
        await terminal.send("print('be' 'gun') or any(i for i in iter(int, 1))\n")
        await terminal.read_until("begun")
        await client.signal(session.id, "SIGINT")
        await terminal.read_until("KeyboardInterrupt")


async def test_forks_with_the_files(client: ReplClient, start: Start) -> None:
    session = await start(files={"hiker.py": "answer = 42\n"})
    fork = await client.fork_session(session.id, startup="import hiker")
    try:
        assert fork.id != session.id
        assert fork.fork.files == 1
        assert "files" in fork.fork.copied and "processes" in fork.fork.not_copied
        assert await client.read_file(fork.id, "hiker.py") == b"answer = 42\n"
    finally:
        await client.delete_session(fork.id)


async def test_ends_a_session_once_and_again(client: ReplClient, start: Start) -> None:
    session = await start()
    await client.delete_session(session.id)
    await client.delete_session(session.id)
    with pytest.raises(NotFoundError) as caught:
        await client.get_session(session.id)
    assert (caught.value.code, caught.value.status, caught.value.retryable) == ("session_ended", 410, False)
