"""Runs on the host, as root: writes octets into a sandboxed agent's output as if that agent, subverted, had sent them.

Arguments: the agent's pid on the host, and the octets in hexadecimal. What stands here could be said by code that has taken
the agent's interpreter over; nothing less than root outside can write there otherwise, which the attacks on the agent try.
"""

import ctypes
import os
import sys

PIDFD_GETFD = 438
libc = ctypes.CDLL(None, use_errno=True)
holder = os.pidfd_open(int(sys.argv[1]))
output = libc.syscall(PIDFD_GETFD, holder, 1, 0)
if output < 0:
    raise OSError(ctypes.get_errno(), "pidfd_getfd")
octets = memoryview(bytes.fromhex(sys.stdin.read()))
os.set_blocking(output, True)
try:
    while octets:
        octets = octets[os.write(output, octets) :]
except (BrokenPipeError, ConnectionResetError):
    pass  # the runner has had enough
