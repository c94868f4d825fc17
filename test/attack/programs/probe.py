"""What the programs of attacks share: system calls by number, how a call is refused, and a verdict in one line."""

import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)


def syscall(number, *arguments):
    """Calls the kernel without the C library's help; raises OSError."""
    result = libc.syscall(ctypes.c_long(number), *(ctypes.c_ulong(argument) for argument in arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), "syscall %d" % number)
    return result


def refusal(call, *arguments):
    """The name of the error with which a call is refused, or None when it went through."""
    try:
        call(*arguments)
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))
    return None


def judge(attempts):
    """Of (label, call, arguments...): prints whether every call is refused, and which are not."""
    outcomes = [(label, refusal(call, *arguments)) for label, call, *arguments in attempts]
    through = [label for label, how in outcomes if how is None]
    print("LET THROUGH: " + ", ".join(through) if through else "refused all %d" % len(outcomes))
