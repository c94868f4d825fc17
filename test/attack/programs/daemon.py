"""Leaves a daemon behind: forked twice, in a session of its own, deaf to signals, without descriptors, without the run's mark."""

import os
import resource
import signal
import sys
import time

if os.fork() == 0:
    os.setsid()
    if "unmarked" in sys.argv:
        resource.setrlimit(resource.RLIMIT_RTTIME, (1000, 1000))
    if os.fork() == 0:
        for number in range(1, signal.NSIG):
            if number not in (signal.SIGKILL, signal.SIGSTOP):
                try:
                    signal.signal(number, signal.SIG_IGN)
                except (OSError, ValueError):
                    pass
        os.closerange(0, 256)
        while True:
            with open("/sandbox/daemon", "w") as file:
                file.write(str(time.monotonic()))
            time.sleep(0.05)
    os._exit(0)
os.wait()
while not os.path.exists("/sandbox/daemon"):
    pass
print("left a daemon")
