"""What goes wrong with the user's files, in the words of the agent protocol."""

import contextlib
import errno

CODES = {
    "disk_full": (errno.ENOSPC, errno.EDQUOT, errno.EFBIG),
    "file_unknown": (errno.ENOENT,),
    "file_exists": (errno.EEXIST, errno.ENOTEMPTY),
    "file_kind": (errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENXIO),
    "file_locked": (errno.EACCES, errno.EPERM, errno.EROFS),
    "path_invalid": (errno.ENAMETOOLONG, errno.EINVAL),
    "busy": (errno.EAGAIN, errno.EBUSY, errno.ETXTBSY, errno.EMFILE, errno.ENFILE),
}
BY_ERRNO = {number: code for code, numbers in CODES.items() for number in numbers}
SENTENCES = {
    errno.ENOENT: "no such file or folder",
    errno.EEXIST: "something is there already",
    errno.ENOTEMPTY: "a folder is there that is not empty",
    errno.ENOTDIR: "something on the way is no folder",
    errno.EISDIR: "it is a folder",
    errno.EACCES: "its permissions do not allow it",
    errno.EPERM: "its permissions do not allow it",
    errno.EAGAIN: "a program holds a lease on it",
}


class WorkspaceError(Exception):
    """A code of the agent protocol, and a sentence."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def translate(error, otherwise="failed"):
    """What the runner calls an OSError; `otherwise` where it has no word of its own."""
    code = BY_ERRNO.get(error.errno, otherwise)
    return WorkspaceError(code, SENTENCES.get(error.errno) or (error.strerror or "it failed").lower())


@contextlib.contextmanager
def translated():
    try:
        yield
    except OSError as error:
        raise translate(error) from error
