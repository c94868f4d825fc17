"""The agent's start: closes what it inherited, hides from the user's processes, starts the REPL, then the loop."""

import json
import os
import signal

from . import kernel, process
from .terminal import Terminal

HOME = "/tmp/home"


def close_inherited():
    """Whatever the runner was started with beyond its standard streams is none of the sandbox's."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2:
            try:
                os.close(int(name))
            except OSError:
                pass  # the listing's own


def main(text):
    settings = json.loads(text)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    close_inherited()
    process.first_for_oom.open()
    kernel.make_undumpable()
    os.makedirs(HOME, exist_ok=True)
    pty = Terminal(settings["repl"], {**os.environ, **settings["env"]}, settings["hook"])
    if settings["hook"]:
        pty.start({})
    # The tar modules take as long to import as all the rest; the interpreter boots beside them.
    from .agent import Agent

    Agent(settings, pty).run()
