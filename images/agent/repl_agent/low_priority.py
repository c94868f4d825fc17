"""A thread of lower priority than the agent's, whose children have it from their first instruction on.

To lower that of a running child is not allowed here, and a program in between that lowers its own would cost an `execve`.
"""

import _thread
import errno
import os

NICENESS = 5


class LowPriority:
    """One call at a time; the caller waits for it. The thread is there from the first one on."""

    def __init__(self):
        self._begun = False
        self._task = self._value = self._error = None
        self._asked, self._answered = _thread.allocate_lock(), _thread.allocate_lock()
        self._asked.acquire()
        self._answered.acquire()

    def call(self, task):
        """What `task()` returns or raises. Raises OSError EAGAIN where there is no thread to be had."""
        if not self._begun:
            try:
                _thread.start_new_thread(self._work, ())
            except RuntimeError:
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
            self._begun = True
        self._task = task
        self._asked.release()
        self._answered.acquire()
        value, error, self._value, self._error = self._value, self._error, None, None
        if error is not None:
            raise error
        return value

    def _work(self):
        os.nice(NICENESS)
        while True:
            self._asked.acquire()
            try:
                self._value = self._task()
            except BaseException as error:
                self._error = error
            self._task = None
            self._answered.release()
