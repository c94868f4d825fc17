"""Removes files and whole folders in small steps, however deep, without ever following a link.

A folder is first moved out of sight, to a name of the agent's own at the top of the workspace; what it holds is moved beside
it, so that no depth is too deep.
"""

import errno
import itertools
import os
import stat

from . import places
from .workspace_error import WorkspaceError

BATCH = 100
# A program that keeps writing into a folder keeps it from ever being empty.
MAX_TRIES = 100


class Removal:
    """The place at `parts`, or all that is in the workspace for no parts. `steps` does it."""

    def __init__(self, parts):
        self._parts = parts
        self._moved = []

    def steps(self):
        """Yields between steps. Raises OSError and WorkspaceError."""
        if self._parts:
            parent, name = places.open_parent(self._parts)
            try:
                self._take(name, parent)
            finally:
                os.close(parent)
        else:
            yield from self._clear()
        while self._moved:
            yield from self._finish(self._moved.pop())

    def _clear(self):
        """Takes all that lies at the top, folders into one of the agent's own."""
        os.chmod(places.ROOT, 0o755)
        root = places.open_real_folder(())
        holder = places.own_name()
        try:
            os.mkdir(holder, 0o700, dir_fd=root)
        except OSError:
            os.close(root)
            raise
        self._moved.append(holder)
        yield from self._empty(root, holder)

    def _take(self, name, parent, holder=""):
        """Unlinks a file; a folder goes to the top, or into a folder there, where it is emptied later."""
        if not stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
            os.unlink(name, dir_fd=parent)
            return
        moved = places.own_name()
        there = places.open_real_folder((holder,) if holder else ())
        try:
            try:
                os.rename(name, moved, src_dir_fd=parent, dst_dir_fd=there)
            except PermissionError:
                _unlock(name, parent)
                os.rename(name, moved, src_dir_fd=parent, dst_dir_fd=there)
        finally:
            os.close(there)
        if not holder:
            self._moved.append(moved)

    def _finish(self, moved):
        """Empties and removes one folder at the top."""
        root = places.open_real_folder(())
        try:
            for _ in range(MAX_TRIES):
                try:
                    os.rmdir(moved, dir_fd=root)
                    return
                except FileNotFoundError:
                    return
                except OSError as error:
                    if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                        raise
                _unlock(moved, root)
                yield from self._empty(os.open(moved, places.FOLDER_FLAGS, dir_fd=root))
        finally:
            os.close(root)
        raise WorkspaceError("busy", "a program keeps writing into a folder that is being removed")

    def _empty(self, fd, holder=""):
        """Takes what is in the folder now, the holder excepted, and closes it."""
        try:
            for _ in range(MAX_TRIES * 1000):
                with os.scandir(fd) as found:
                    others = (entry.name for entry in found if entry.name != holder)
                    names = list(itertools.islice(others, BATCH))
                if not names:
                    return
                for name in names:
                    try:
                        self._take(name, fd, holder)
                    except FileNotFoundError:
                        pass  # its program was quicker
                yield
        finally:
            os.close(fd)


def _unlock(name, parent):
    """Makes a folder writable. It is opened first: chmod by name would follow a link that takes its place."""
    fd = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
    try:
        os.chmod("/proc/self/fd/%d" % fd, 0o700)
    finally:
        os.close(fd)
