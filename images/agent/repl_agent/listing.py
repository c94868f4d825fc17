"""What is in a folder of the workspace, or below it, as lines of JSON; bounded in number and size, and told when cut."""

import itertools
import json
import os
import stat

from . import places

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 64
PIECE = 16 * 1024


class Listing:
    def __init__(self, parts, recursive, max_entries):
        self._folders = [places.real_parts(parts)]
        self._recursive = recursive
        self._left = max_entries
        self._bytes = MAX_BYTES
        self.truncated = False

    def pieces(self):
        """Yields whole lines; `truncated` is known at the end."""
        lines = bytearray()
        while self._folders and not self.truncated:
            for line in self._folder(self._folders.pop()):
                self._left -= 1
                self._bytes -= len(line)
                if self._left < 0 or self._bytes < 0:
                    self.truncated = True
                    break
                lines += line
                if len(lines) >= PIECE:
                    yield bytes(lines)
                    lines.clear()
        yield bytes(lines)

    def _folder(self, parts):
        try:
            fd = places.open_real_folder(parts)
        except OSError:
            return  # removed, swapped or locked just now: what it holds cannot be told
        inner = []
        try:
            with os.scandir(fd) as found:
                names = sorted(itertools.islice((entry.name for entry in found), self._left + 1))
            for name in names:
                described = None if name.startswith(places.OWN_PREFIX) else describe(name, fd, parts)
                if described is None:
                    continue
                if self._recursive and described["type"] == "directory":
                    inner.append(parts + (name,))
                yield json.dumps(described).encode() + b"\n"
        finally:
            os.close(fd)
        if len(parts) < MAX_DEPTH:
            self._folders.extend(reversed(inner))
        elif inner:
            self.truncated = True


def describe(name, fd, parts):
    """One entry; None where it is gone, or has a name that is not UTF-8 and so none in JSON."""
    path = "/".join(parts + (name,))
    try:
        path.encode("utf-8")
        info = os.stat(name, dir_fd=fd, follow_symlinks=False)
        entry = {
            "path": path,
            "type": kind(info.st_mode),
            "size": info.st_size if stat.S_ISREG(info.st_mode) else 0,
            "executable": stat.S_ISREG(info.st_mode) and bool(info.st_mode & 0o100),
            "modified": info.st_mtime,
        }
        if stat.S_ISLNK(info.st_mode):
            target = os.readlink(name, dir_fd=fd)
            target.encode("utf-8")
            entry["target"] = target
        return entry
    except (OSError, UnicodeEncodeError):
        return None


def kind(mode):
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "directory"
    return "symlink" if stat.S_ISLNK(mode) else "other"
