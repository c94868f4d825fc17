"""The user's files as a tar, in and out, without ever following a symbolic link.

The tar that comes in is one that the runner has checked and written anew: files, directories and symbolic links, with
pax headers for long names. Both directions work piecewise, so that no archive is ever whole in memory.
"""

import errno
import os
import stat
import tarfile

BLOCK = tarfile.BLOCKSIZE
CHUNK = 32 * 1024
ROOT = "/sandbox"
DIRECTORY_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
MAX_HEADER_BYTES = 64 * 1024


class WorkspaceError(Exception):
    """A code of the runner's error table, and a sentence."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def translate(error):
    """What the runner calls an OSError."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return WorkspaceError("disk_full" if full else "archive_invalid", "%s: %s" % (error.filename or "file", error.strerror))


def open_directory(parts, create):
    """A descriptor of ROOT/parts..., each component a real directory."""
    fd = os.open(ROOT, DIRECTORY_FLAGS)
    for part in parts:
        try:
            if create:
                try:
                    os.mkdir(part, 0o755, dir_fd=fd)
                except FileExistsError:
                    pass
            inner = os.open(part, DIRECTORY_FLAGS, dir_fd=fd)
        finally:
            os.close(fd)
        fd = inner
    return fd


def _remove(name, parent):
    info = os.stat(name, dir_fd=parent, follow_symlinks=False)
    if not stat.S_ISDIR(info.st_mode):
        os.unlink(name, dir_fd=parent)
        return
    try:
        fd = os.open(name, DIRECTORY_FLAGS, dir_fd=parent)
    except PermissionError:
        os.chmod(name, 0o700, dir_fd=parent)
        fd = os.open(name, DIRECTORY_FLAGS, dir_fd=parent)
    try:
        os.fchmod(fd, 0o700)
        for inner in os.listdir(fd):
            _remove(inner, fd)
    finally:
        os.close(fd)
    os.rmdir(name, dir_fd=parent)


def clear():
    """Empties the workspace."""
    fd = open_directory((), False)
    try:
        for name in os.listdir(fd):
            _remove(name, fd)
    finally:
        os.close(fd)


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
            raise translate(error)
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
            os.close(open_directory(parts, True))
            return
        parent = open_directory(parts[:-1], True)
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


def pack():
    """Yields the workspace as a tar, in pieces of at most CHUNK bytes. What is no file, directory or link is left out."""
    root = open_directory((), False)
    try:
        yield from _pack_directory(root, "")
    finally:
        os.close(root)
    yield b"\0" * (2 * BLOCK)


def _pack_directory(fd, prefix):
    for name in sorted(os.listdir(fd)):
        path = prefix + name
        try:
            path.encode("utf-8")
            info = os.stat(name, dir_fd=fd, follow_symlinks=False)
        except (UnicodeEncodeError, OSError):
            continue  # a name that no archive of ours carries, removed just now, or in a folder that is locked
        if stat.S_ISDIR(info.st_mode):
            yield _header(path + "/", info, tarfile.DIRTYPE)
            try:
                inner = os.open(name, DIRECTORY_FLAGS, dir_fd=fd)
            except OSError:
                continue  # locked by the user: the folder without what is in it
            try:
                yield from _pack_directory(inner, path + "/")
            finally:
                os.close(inner)
        elif stat.S_ISLNK(info.st_mode):
            yield _header(path, info, tarfile.SYMTYPE, os.readlink(name, dir_fd=fd))
        elif stat.S_ISREG(info.st_mode):
            yield from _pack_file(name, fd, path)


def _header(path, info, kind, target=""):
    entry = tarfile.TarInfo(path)
    entry.type, entry.linkname = kind, target
    entry.mode, entry.mtime = stat.S_IMODE(info.st_mode), int(info.st_mtime)
    entry.size = info.st_size if kind == tarfile.REGTYPE else 0
    return entry.tobuf(tarfile.PAX_FORMAT, "utf-8", "strict")


def _pack_file(name, parent, path):
    try:
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=parent)
    except OSError:
        return  # made unreadable or swapped just now
    try:
        info = os.fstat(fd)
        if not stat.S_ISREG(info.st_mode):
            return
        yield _header(path, info, tarfile.REGTYPE)
        left = info.st_size
        while left:
            data = os.read(fd, min(CHUNK, left)) or b"\0" * min(CHUNK, left)  # a file that shrinks is padded
            left -= len(data)
            yield data
        yield b"\0" * (_padded(info.st_size) - info.st_size)
    finally:
        os.close(fd)
