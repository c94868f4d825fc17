"""One file on its way in: written beside its place, and put there whole at the end, so that nobody sees half of it."""

import os
import stat

from . import places
from .workspace_error import WorkspaceError, translate


class FileWrite:
    """`executable` None keeps what the file there has. Raises OSError and WorkspaceError where it cannot begin."""

    def __init__(self, parts, executable):
        self.bytes = 0
        self.created = None
        self._file = None
        self._parent, self._name = places.open_parent(parts, create=True)
        self._temporary = places.own_name()
        try:
            before = self._before()
            kept = before is not None and stat.S_ISREG(before) and bool(before & 0o100)
            self._mode = 0o755 if (kept if executable is None else executable) else 0o644
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            self._file = os.open(self._temporary, flags, 0o600, dir_fd=self._parent)
        except BaseException:
            os.close(self._parent)
            raise

    def _before(self):
        """The mode of what is there, or None."""
        try:
            mode = os.stat(self._name, dir_fd=self._parent, follow_symlinks=False).st_mode
        except FileNotFoundError:
            return None
        if stat.S_ISDIR(mode):
            raise WorkspaceError("file_kind", "it is a folder")
        return mode

    def feed(self, data):
        try:
            view = memoryview(data)
            while view:
                written = os.write(self._file, view)
                self.bytes += written
                view = view[written:]
        except OSError as error:
            raise translate(error)

    def finish(self):
        try:
            os.fchmod(self._file, self._mode)
            self.created = self._before() is None
            os.rename(self._temporary, self._name, src_dir_fd=self._parent, dst_dir_fd=self._parent)
        except OSError as error:
            self.abort()
            raise translate(error)
        except WorkspaceError:
            self.abort()
            raise
        self._close()

    def abort(self):
        """Leaves nothing behind. Harmless after the end."""
        if self._file is None:
            return
        try:
            os.unlink(self._temporary, dir_fd=self._parent)
        except OSError:
            pass  # its folder is gone, or was locked
        self._close()

    def _close(self):
        os.close(self._file)
        os.close(self._parent)
        self._file = None
