"""Starting, ending and describing processes of the user. Holds no state and no loop.

Every child leads a session of its own, has default signals, no descriptor beyond those given, a lower priority than the
agent and, once its program runs, a higher out-of-memory score.
"""

import errno
import fcntl
import os
import signal
import termios
import time

from . import kernel

NICENESS = 5
REAP_SECONDS = 5.0


class StartFailed(Exception):
    """The program could not be started; the text says why."""


def _become(argv, env, cwd, stdio, extra_fd, tty):
    os.setsid()
    for number in range(1, signal.NSIG):
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            try:
                signal.signal(number, signal.SIG_DFL)
            except (OSError, ValueError, RuntimeError):
                pass  # reserved by the C library
    for target, source in enumerate(stdio):
        os.dup2(source, target)
    if tty:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    if extra_fd is not None:
        os.set_inheritable(extra_fd, True)
    os.nice(NICENESS)
    os.chdir(cwd)
    os.execvpe(argv[0], argv, env)


def start(argv, env, cwd, stdio, extra_fd=None, tty=False):
    """Forks and executes; returns the pid once the program runs. The descriptors in stdio must all be above 2."""
    report_read, report_write = os.pipe()
    try:
        pid = os.fork()
    except OSError as error:
        os.close(report_read)
        os.close(report_write)
        raise StartFailed("no process can be started: " + error.strerror)
    if pid == 0:
        try:
            os.close(report_read)
            _become(argv, env, cwd, stdio, extra_fd, tty)
        except BaseException as error:
            reason = error.strerror if isinstance(error, OSError) else repr(error)
            os.write(report_write, ("%s: %s" % (argv[0], reason)).encode(errors="replace")[:4000])
        finally:
            os._exit(127)
    os.close(report_write)
    failure = os.read(report_read, 4096)
    os.close(report_read)
    if failure:
        os.waitpid(pid, 0)
        raise StartFailed(failure.decode(errors="replace"))
    kernel.prefer_for_oom(pid)
    return pid


def describe(status):
    """A wait status as exit_code and signal, one of which is None."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        try:
            name = signal.Signals(number).name
        except ValueError:
            name = "SIG%d" % number
        return {"exit_code": None, "signal": name}
    return {"exit_code": os.WEXITSTATUS(status), "signal": None}


def kill_all():
    """Ends every process of the sandbox but this one and reaps them; False where some resist for five seconds."""
    deadline = time.monotonic() + REAP_SECONDS
    while time.monotonic() < deadline:
        try:
            os.kill(-1, signal.SIGKILL)
        except ProcessLookupError:
            pass
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                time.sleep(0.0005)
        except OSError as error:
            if error.errno == errno.ECHILD:
                return True
            raise
    return False
