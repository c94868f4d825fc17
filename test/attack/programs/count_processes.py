"""Prints how many processes other than the agent, the REPL and this one there are."""

import os

others = 0
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        with open("/proc/%s/cmdline" % pid) as file:
            command = file.read()
    except OSError:
        continue
    others += "daemon.py" in command
print("%d left" % others)
