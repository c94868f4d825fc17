"""A tar into the workspace, piecewise, without ever following a symbolic link.

It is one that the runner has checked and written anew, or that another sandbox of the same user has packed: files, folders
and symbolic links, with pax headers for long names. Anything else is refused.
"""

import os
import tarfile

from . import places, removal
from .workspace_error import WorkspaceError, translate

BLOCK = tarfile.BLOCKSIZE
MAX_HEADER_BYTES = 64 * 1024


def clear():
    """Empties the workspace. Raises OSError and WorkspaceError."""
    for _ in removal.Removal(()).steps():
        pass


class Unpacker:
    """Takes a tar in pieces of any size and writes the workspace. Call feed until the end, then finish."""

    def __init__(self):
        self._pending = bytearray()
        self._take = self._take_header
        self._need = BLOCK
        self._pax = {}
        self._file = None
        self.files = 0
        self.bytes = 0

    def feed(self, data):
        self._pending += data
        try:
            while self._pending and (len(self._pending) >= self._need or self._take == self._take_content):
                self._take()
        except OSError as error:
            raise translate(error, otherwise="archive_invalid")
        except (tarfile.HeaderError, ValueError) as error:
            raise WorkspaceError("archive_invalid", str(error))

    def finish(self):
        """The archive has ended: anything still expected is missing."""
        if self._take != self._take_header or self._pending:
            self.abort()
            raise WorkspaceError("archive_invalid", "the archive ends in the middle of an entry")

    def abort(self):
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _pull(self, size):
        data = bytes(memoryview(self._pending)[:size])
        del self._pending[:size]
        return data

    def _expect(self, take, need):
        self._take, self._need = take, need

    def _take_header(self):
        block = self._pull(BLOCK)
        if not block.strip(b"\0"):
            return
        info = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
        if info.size < 0:
            raise ValueError("a size below nothing")
        if info.type == tarfile.XHDTYPE:
            if info.size > MAX_HEADER_BYTES:
                raise ValueError("a header of %d bytes" % info.size)
            self._expect(lambda: self._take_pax(info.size), _padded(info.size))
            return
        path, target = self._pax.pop("path", info.name), self._pax.pop("linkpath", info.linkname)
        parts = [part for part in path.split("/") if part not in ("", ".")]
        if ".." in parts or not parts:
            raise ValueError("a path that leaves the workspace")
        self._create(info, parts, target)

    def _create(self, info, parts, target):
        if info.isdir():
            os.close(places.open_real_folder(parts, True))
            return
        parent = places.open_real_folder(parts[:-1], True)
        try:
            self._replace(parts[-1], parent)
            if info.issym():
                os.symlink(target, parts[-1], dir_fd=parent)
            elif info.isreg():
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
                mode = 0o755 if info.mode & 0o100 else 0o644
                self._file = os.open(parts[-1], flags, mode, dir_fd=parent)
                self._left, self._padding = info.size, _padded(info.size) - info.size
                self._expect(self._take_content, 1)
                self.files += 1
                if info.size == 0:
                    self._close_file()
            else:
                raise ValueError("an entry that is no file, directory or symbolic link")
        finally:
            os.close(parent)

    @staticmethod
    def _replace(name, parent):
        try:
            os.unlink(name, dir_fd=parent)
        except FileNotFoundError:
            pass

    def _take_content(self):
        data = self._pull(min(self._left, len(self._pending)))
        view = memoryview(data)
        while view:
            written = os.write(self._file, view)
            self.bytes += written
            view = view[written:]
        self._left -= len(data)
        if self._left == 0:
            self._close_file()

    def _close_file(self):
        os.close(self._file)
        self._file = None
        if self._padding:
            self._expect(self._take_padding, self._padding)
        else:
            self._expect(self._take_header, BLOCK)

    def _take_padding(self):
        self._pull(self._padding)
        self._expect(self._take_header, BLOCK)

    def _take_pax(self, size):
        data = self._pull(_padded(size))[:size]
        while data:
            length, _, rest = data.partition(b" ")
            record = rest[: int(length) - len(length) - 1]
            key, _, value = record.rstrip(b"\n").partition(b"=")
            self._pax[key.decode()] = value.decode()
            data = data[int(length) :]
        self._expect(self._take_header, BLOCK)


def _padded(size):
    return (size + BLOCK - 1) // BLOCK * BLOCK
