"""The workspace as a tar, piece by piece. What cannot go into it is left out, counted and named."""

import itertools
import os
import stat
import tarfile

from . import places
from .workspace_error import WorkspaceError

BLOCK = tarfile.BLOCKSIZE
CHUNK = 32 * 1024
MAX_DEPTH = 64
MAX_IN_FOLDER = 100_000
MAX_NAMED = 20
MAX_SHOWN = 200


class Packing:
    """`max_bytes` bounds the contents together: a sparse file is small on disk and large in an archive."""

    def __init__(self, max_bytes):
        self._max_bytes = max_bytes
        self._folders = [()]
        self._left_out = []
        self._left_out_count = 0
        self._files = 0
        self._bytes = 0

    def report(self):
        """What went into the archive and what did not; whole when the pieces are."""
        left_out = {"left_out": self._left_out, "left_out_count": self._left_out_count}
        return {"files": self._files, "bytes": self._bytes, **left_out}

    def pieces(self):
        """Yields at most CHUNK bytes of file content at once. Raises WorkspaceError `too_large`."""
        while self._folders:
            yield from self._folder(self._folders.pop())
        yield b"\0" * (2 * BLOCK)

    def _leave_out(self, path, reason):
        self._left_out_count += 1
        if len(self._left_out) < MAX_NAMED:
            shown = path.encode("utf-8", "replace").decode()[:MAX_SHOWN]
            self._left_out.append({"path": shown, "reason": reason})

    def _folder(self, parts):
        path = "/".join(parts)
        try:
            fd = places.open_real_folder(parts)
        except FileNotFoundError:
            return
        except OSError:
            self._leave_out(path + "/", "unreadable")
            return
        try:
            with os.scandir(fd) as found:
                names = sorted(itertools.islice((entry.name for entry in found), MAX_IN_FOLDER + 1))
            if len(names) > MAX_IN_FOLDER:
                self._leave_out(path + "/", "too_many")
                return
            inner = []
            for name in names:
                if not name.startswith(places.OWN_PREFIX):
                    yield from self._entry(name, fd, parts, inner)
        finally:
            os.close(fd)
        self._folders.extend(reversed(inner))

    def _entry(self, name, fd, parts, inner):
        path = "/".join(parts + (name,))
        try:
            path.encode("utf-8")
            info = os.stat(name, dir_fd=fd, follow_symlinks=False)
            if stat.S_ISLNK(info.st_mode):
                yield _header(path, info, tarfile.SYMTYPE, target=os.readlink(name, dir_fd=fd))
            elif stat.S_ISDIR(info.st_mode):
                yield _header(path + "/", info, tarfile.DIRTYPE)
                if len(parts) < MAX_DEPTH:
                    inner.append(parts + (name,))
                else:
                    self._leave_out(path + "/", "too_deep")
            elif stat.S_ISREG(info.st_mode):
                yield from self._file(name, fd, path)
            else:
                self._leave_out(path, "special")
        except FileNotFoundError:
            pass  # removed just now
        except UnicodeEncodeError:
            self._leave_out(path, "name")
        except OSError:
            self._leave_out(path, "unreadable")

    def _file(self, name, parent, path):
        fd = os.open(name, places.FILE_FLAGS, dir_fd=parent)
        try:
            info = os.fstat(fd)
            if not stat.S_ISREG(info.st_mode):
                self._leave_out(path, "special")
                return
            # A small file goes as it is at one moment; a larger one may change while it is read.
            whole = os.read(fd, info.st_size) if info.st_size <= CHUNK else None
            size = info.st_size if whole is None else len(whole)
            self._bytes += size
            if self._bytes > self._max_bytes:
                raise WorkspaceError("too_large", "the files are larger than %d bytes" % self._max_bytes)
            self._files += 1
            yield _header(path, info, tarfile.REGTYPE, size=size)
            yield from self._content(fd, path, size) if whole is None else (whole,)
            yield b"\0" * (-size % BLOCK)
        finally:
            os.close(fd)

    def _content(self, fd, path, left):
        shrunk = False
        while left:
            try:
                data = os.read(fd, min(CHUNK, left))
            except OSError:
                data = b""
            if not data and not shrunk:
                shrunk = True
                self._leave_out(path, "changed")
            data = data or b"\0" * min(CHUNK, left)  # its size is promised already
            left -= len(data)
            yield data


def _header(path, info, kind, size=0, target=""):
    entry = tarfile.TarInfo(path)
    entry.type, entry.linkname, entry.size = kind, target, size
    entry.mode, entry.mtime = stat.S_IMODE(info.st_mode), int(info.st_mtime)
    return entry.tobuf(tarfile.PAX_FORMAT, "utf-8", "strict")
