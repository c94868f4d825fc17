"""Sends a signal, SIGSTOP or SIGKILL, to every process that there is."""

import os
import signal
import sys

os.kill(-1, getattr(signal, sys.argv[1]))
print("sent", sys.argv[1])
