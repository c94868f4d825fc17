"""Files of a session, one by one and as an archive."""

from __future__ import annotations

from typing import Dict, Optional, Union

from ..models.files import Listing, Unpacked
from ..paths import file_path, session_path
from ..uploads import archive_type
from .base import Calls

OCTETS = "application/octet-stream"


class FileCalls(Calls):
    async def list_files(self, session_id: str, path: Optional[str] = None, *, recursive: bool = False) -> Listing:
        """What is in the workspace, or in one folder of it."""
        query: Dict[str, str] = {"recursive": "1"} if recursive else {}
        if path is not None:
            query["path"] = path
        where = session_path(session_id, "files")
        return await self._transport.model(Listing, "GET", where, timeout=self._timeout, params=query)

    async def read_file(self, session_id: str, path: str) -> bytes:
        accept = {"Accept": OCTETS}
        where = file_path(session_id, path)
        return (await self._transport.call("GET", where, timeout=self._work_timeout, headers=accept)).content

    async def write_file(
        self, session_id: str, path: str, content: Union[str, bytes], *, executable: Optional[bool] = None
    ) -> None:
        """All of it or nothing, with the folders that it lies in; `executable` None keeps what the file was."""
        await self._transport.call(
            "PUT",
            file_path(session_id, path),
            timeout=self._work_timeout,
            content=content.encode() if isinstance(content, str) else content,
            headers={"Content-Type": OCTETS},
            params={} if executable is None else {"executable": "1" if executable else "0"},
        )

    async def rename_file(self, session_id: str, path: str, new_path: str, *, overwrite: bool = False) -> None:
        """Renames or moves a file, a folder or a link."""
        body: Dict[str, object] = {"path": new_path, "overwrite": True} if overwrite else {"path": new_path}
        await self._transport.call("PATCH", file_path(session_id, path), timeout=self._timeout, json=body)

    async def delete_file(self, session_id: str, path: str) -> None:
        """A file, a link, or a folder with all that is in it."""
        await self._transport.call("DELETE", file_path(session_id, path), timeout=self._timeout)

    async def download_archive(self, session_id: str, *, gzip: bool = False, timeout: Optional[float] = None) -> bytes:
        """The workspace as a tar."""
        query = {"gzip": "1"} if gzip else {}
        where = session_path(session_id, "archive")
        return (await self._transport.call("GET", where, timeout=self._work(timeout), params=query)).content

    async def upload_archive(
        self, session_id: str, archive: bytes, *, merge: bool = False, timeout: Optional[float] = None
    ) -> Unpacked:
        """Replaces all files by those of a tar, gzipped or not; `merge` keeps what is not in it."""
        return await self._transport.model(
            Unpacked,
            "PUT",
            session_path(session_id, "archive"),
            timeout=self._work(timeout),
            content=archive,
            headers={"Content-Type": archive_type(archive)},
            params={"merge": "1"} if merge else {},
        )
