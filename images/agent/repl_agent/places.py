"""The way to a place in the workspace: component by component from its own descriptor, and never out of it.

The kernel follows no symbolic link here. Where one lies on the way, its target is walked like any path: from the folder
that it lies in, or from the top where it begins with /sandbox. So whatever a program swaps meanwhile, what is opened or
changed lies in the workspace.
"""

import errno
import os
import stat

from .workspace_error import WorkspaceError

ROOT = "/sandbox"
MAX_LINKS = 40
FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
# A fifo or a lease must not hold the agent up.
FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
# What the agent itself has in the workspace for a moment; such names are neither listed nor packed.
OWN_PREFIX = ".repl_runner-"


def own_name():
    return OWN_PREFIX + os.urandom(8).hex()


def split(path):
    """The components of a path of the protocol, '' being the workspace itself."""
    parts = tuple(part for part in path.split("/") if part not in ("", "."))
    if path.startswith("/") or ".." in parts or "\0" in path:
        raise WorkspaceError("path_unsafe", "it leads out of the workspace")
    return parts


def open_real_folder(parts, create=False):
    """A descriptor of the folder, each component of which is a real folder and no link."""
    fd = os.open(ROOT, FOLDER_FLAGS)
    for part in parts:
        try:
            inner = _enter(part, fd, create)
        finally:
            os.close(fd)
        fd = inner
    return fd


def open_folder(parts, create=False):
    """A descriptor of the folder, links within the workspace followed."""
    walk = _Walk(parts)
    try:
        while walk.left:
            walk.step(create)
        return walk.take()
    finally:
        walk.close()


def real_parts(parts):
    """Where that folder really lies."""
    walk = _Walk(parts)
    try:
        while walk.left:
            walk.step(False)
        return tuple(walk.names)
    finally:
        walk.close()


def open_parent(parts, create=False):
    """(descriptor of its folder, name) of a place that may be there or not; a link at its own name is not followed."""
    if not parts:
        raise WorkspaceError("path_invalid", "this is the workspace itself")
    return open_folder(parts[:-1], create), parts[-1]


def open_file(parts):
    """A descriptor to read a regular file with, links within the workspace followed."""
    walk = _Walk(parts)
    try:
        while walk.left:
            fd = walk.file()
            if fd is not None:
                return fd
        raise WorkspaceError("file_kind", "it is a folder")
    finally:
        walk.close()


def _enter(name, fd, create):
    if create:
        try:
            os.mkdir(name, 0o755, dir_fd=fd)
        except FileExistsError:
            pass
    return os.open(name, FOLDER_FLAGS, dir_fd=fd)


class _Walk:
    """`left` has the components that are still to go, the next one last; `names` where the walk stands."""

    def __init__(self, parts):
        self.left = list(reversed(parts))
        self.names = []
        self._fd = os.open(ROOT, FOLDER_FLAGS)
        self._links = 0

    def take(self):
        fd, self._fd = self._fd, None
        return fd

    def close(self):
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def step(self, create):
        """One component further, into a folder."""
        name = self.left.pop()
        if name == "..":
            if not self.names:
                raise WorkspaceError("path_unsafe", "a link on its way leads out of the workspace")
            self._stand(self.names[:-1])
            return
        try:
            fd = _enter(name, self._fd, create)
        except OSError as error:
            if error.errno not in (errno.ENOTDIR, errno.ELOOP) or not self._follow(name):
                raise
            return
        os.close(self._fd)
        self._fd = fd
        self.names.append(name)

    def file(self):
        """One component further: a descriptor where the way ends at a regular file, None where it goes on."""
        name = self.left[-1]
        if len(self.left) > 1 or name == "..":
            self.step(False)
            return None
        mode = os.stat(name, dir_fd=self._fd, follow_symlinks=False).st_mode
        if stat.S_ISLNK(mode):
            self.left.pop()
            if not self._follow(name):
                self.left.append(name)
            return None
        _must_be_regular(mode)
        try:
            fd = os.open(name, FILE_FLAGS, dir_fd=self._fd)
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
            self._count_link()  # it has just become one
            return None
        try:
            _must_be_regular(os.fstat(fd).st_mode)
        except WorkspaceError:
            os.close(fd)
            raise
        return fd

    def _follow(self, name):
        """Puts the target of a link on the way; False for what is no link."""
        self._count_link()
        try:
            target = os.readlink(name, dir_fd=self._fd)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            return False
        if target.startswith("/"):
            if target != ROOT and not target.startswith(ROOT + "/"):
                raise WorkspaceError("path_unsafe", "a link on its way leads out of the workspace")
            target = target[len(ROOT) :]
            self._stand([])
        self.left.extend(part for part in reversed(target.split("/")) if part not in ("", "."))
        return True

    def _count_link(self):
        self._links += 1
        if self._links > MAX_LINKS:
            raise WorkspaceError("path_unsafe", "there are too many links on its way")

    def _stand(self, names):
        fd = open_real_folder(names)
        os.close(self._fd)
        self._fd = fd
        self.names = names


def _must_be_regular(mode):
    if not stat.S_ISREG(mode):
        raise WorkspaceError("file_kind", "it is a folder" if stat.S_ISDIR(mode) else "it is no regular file")
