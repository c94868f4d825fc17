"""Requests about the files of the workspace. Paths are relative to it, '' is the workspace itself."""

import os

from . import kernel, places
from .file_write import FileWrite
from .listing import Listing
from .packing import CHUNK, Packing
from .removal import Removal
from .transfers import Download, Upload
from .workspace_error import translated


class FileRequests:
    def __init__(self, agent, requests):
        self._agent = agent
        self._requests = requests

    def op_unpack(self, request):
        """The files of the tar beside those that are there; it takes the place of files of the same name."""
        self._requests.with_files(request, lambda files, size: self._agent.respond(request["id"], files=files, bytes=size))

    def op_pack(self, request):
        packing = Packing(request["max_bytes"])
        self._download(request, packing.pieces(), packing.report)

    def op_list(self, request):
        with translated():
            listing = Listing(places.split(request["path"]), request["recursive"], request["max_entries"])
        self._download(request, listing.pieces(), lambda: {"truncated": listing.truncated})

    def op_read(self, request):
        """Answered with what the file is, before its bytes; they end early where it shrinks or cannot be read further."""
        with translated():
            file = os.fdopen(places.open_file(places.split(request["path"])), "rb", buffering=0)
            info = os.fstat(file.fileno())
            if info.st_size > CHUNK:
                size, pieces = info.st_size, _Content(file, info.st_size)
            else:
                with file:
                    whole = file.read(info.st_size)
                size, pieces = len(whole), (piece for piece in (whole,))
        download = Download(request, pieces, then=lambda: None, fail=lambda error: None)
        try:
            self._agent.downloads.add(download)
        except BaseException:
            download.close()
            raise
        facts = {"size": size, "executable": bool(info.st_mode & 0o100), "modified": info.st_mtime}
        self._agent.respond(request["id"], **facts)

    def op_write(self, request):
        with translated():
            write = FileWrite(places.split(request["path"]), request["executable"])

        def then():
            self._agent.respond(request["id"], created=write.created, bytes=write.bytes)

        fail = lambda error: self._requests.fail(request, error)
        try:
            self._agent.uploads.expect(request["channel"], Upload(write, then, fail, lost=lambda: None))
        except BaseException:
            write.abort()
            raise

    def op_rename(self, request):
        source, target = places.split(request["path"]), places.split(request["to"])
        rename = os.rename if request["overwrite"] else kernel.rename_no_replace
        with translated():
            parent, name = places.open_parent(source)
            try:
                os.stat(name, dir_fd=parent, follow_symlinks=False)
                other, new = places.open_parent(target, create=True)
                try:
                    rename(name, new, src_dir_fd=parent, dst_dir_fd=other)
                finally:
                    os.close(other)
            finally:
                os.close(parent)
        self._agent.respond(request["id"])

    def op_remove(self, request):
        """A file or a folder with all that is in it; '' empties the workspace."""
        fail = lambda error: self._requests.fail(request, error)
        steps = Removal(places.split(request["path"])).steps()
        self._agent.chores.add(steps, lambda: self._agent.respond(request["id"]), fail)

    def op_cancel(self, request):
        """Drops the transfer on a channel, if it is still under way."""
        self._agent.downloads.cancel(request["channel"])
        self._agent.uploads.cancel(request["channel"])
        self._agent.respond(request["id"])

    def _download(self, request, pieces, report):
        def then():
            self._agent.respond(request["id"], **report())

        fail = lambda error: self._requests.fail(request, error)
        self._agent.downloads.add(Download(request, pieces, then, fail))


class _Content:
    """Pieces of a file, which is closed with them; a generator that has not begun would leave it open."""

    def __init__(self, file, size):
        self._file, self._left = file, size

    def __next__(self):
        data = self._file.read(min(CHUNK, self._left))
        if not data:
            raise StopIteration
        self._left -= len(data)
        return data

    def close(self):
        self._file.close()
