"""Whom the kernel ends first when memory runs out: what is started by a call here, from its first instruction on, and
whatever that starts in turn. The agent's own score is raised for the length of the call; it may take back what it has
raised itself. To raise that of a running child leaves it time to start others.
"""

import os

PATH = "/proc/self/oom_score_adj"
FIRST = b"1000"


class FirstForOom:
    def __init__(self):
        self._file = None
        self._own = b""

    def open(self):
        """To be called once, before this process is undumpable: later it may not open its own score."""
        try:
            self._file = os.open(PATH, os.O_RDWR | os.O_CLOEXEC)
            self._own = os.read(self._file, 16)
        except OSError:
            pass  # the kernel forbids it: the agent is merely less preferred

    def call(self, task):
        """What `task()` returns or raises."""
        self._write(FIRST)
        try:
            return task()
        finally:
            self._write(self._own)

    def _write(self, score):
        try:
            if self._file is not None:
                os.pwrite(self._file, score, 0)
        except OSError:
            pass
