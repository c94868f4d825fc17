"""Files of a session on a real runner."""

from __future__ import annotations

import io
import tarfile

import pytest
from conftest import Start

from repl_runner import NotFoundError, ReplClient

pytestmark = pytest.mark.anyio


async def test_writes_reads_lists_renames_and_deletes(client: ReplClient, start: Start) -> None:
    session = await start(files={"kept.py": "x = 1\n"})
    await client.write_file(session.id, "package/ü b.py", "print('ü')\n", executable=True)
    await client.write_file(session.id, "octets.bin", bytes(range(256)))
    assert await client.read_file(session.id, "package/ü b.py") == "print('ü')\n".encode()
    assert await client.read_file(session.id, "octets.bin") == bytes(range(256))
    listing = await client.list_files(session.id, recursive=True)
    entries = {entry.path: entry for entry in listing.entries}
    assert sorted(entries) == ["kept.py", "octets.bin", "package", "package/ü b.py"]
    assert (entries["package"].type, entries["octets.bin"].size) == ("directory", 256)
    assert entries["package/ü b.py"].executable and not listing.truncated
    assert [entry.path for entry in (await client.list_files(session.id, "package")).entries] == ["package/ü b.py"]
    await client.rename_file(session.id, "octets.bin", "kept.py", overwrite=True)
    assert await client.read_file(session.id, "kept.py") == bytes(range(256))
    await client.delete_file(session.id, "package")
    assert [entry.path for entry in (await client.list_files(session.id)).entries] == ["kept.py"]
    with pytest.raises(NotFoundError) as caught:
        await client.read_file(session.id, "package/ü b.py")
    assert caught.value.code == "file_unknown"


@pytest.mark.parametrize("gzip", [False, True])
async def test_takes_the_workspace_out_and_in(client: ReplClient, start: Start, gzip: bool) -> None:
    first = await start(files={"a.py": "a = 1\n", "deep/b.py": "b = 2\n"})
    archive = await client.download_archive(first.id, gzip=gzip)
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        assert {member.name.rstrip("/") for member in packed if member.isfile()} == {"a.py", "deep/b.py"}
    second = await start(files={"own.py": ""})
    assert (await client.upload_archive(second.id, archive, merge=True)).files == 2
    assert "own.py" in [entry.path for entry in (await client.list_files(second.id)).entries]
    await client.upload_archive(second.id, archive)
    assert [entry.path for entry in (await client.list_files(second.id)).entries] == ["a.py", "deep"]
