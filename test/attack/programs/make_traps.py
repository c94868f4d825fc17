"""Names in the workspace that lead elsewhere or hold up who opens them, as files of trap-<what>."""

import os
import socket
import stat
import sys

TARGETS = {
    "passwd": "/etc/passwd",
    "shadow": "/etc/shadow",
    "environ": "/proc/1/environ",
    "own-memory": "/proc/self/mem",
    "zeros": "/dev/zero",
    "random": "/dev/urandom",
    "terminal": "/dev/tty",
    "upwards": "../etc/passwd",
    "agent": "/opt/repl_runner/agent.py",
    "outside": "/tmp/outside",
    "loop": "trap-loop",
    "proc-root": "/proc/self/root/etc/passwd",
    "proc-cwd": "/proc/self/cwd/../etc/passwd",
    "descriptor": "/proc/self/fd/0",
    "agents-root": "/proc/1/root/etc/passwd",
}
FOLDERS = {"folder-root": "/", "folder-etc": "/etc", "folder-up": "..", "folder-proc": "/proc/1", "folder-tmp": "/tmp"}

with open("/tmp/outside", "w") as file:
    file.write("out of %s" % "reach")  # not to be found in this file itself
for name, target in {**TARGETS, **FOLDERS}.items():
    os.symlink(target, "trap-" + name)
os.mkfifo("trap-fifo")
os.mknod("trap-socket", 0o600 | stat.S_IFSOCK)
listening = socket.socket(socket.AF_UNIX)
listening.bind("trap-listening")
for source in ("/usr/bin/env", "/etc/passwd", "/opt/repl_runner/agent.py"):
    try:
        os.link(source, "trap-hard-" + os.path.basename(source))
        print("A HARD LINK TO " + source)
    except OSError:
        pass
chain = "trap-passwd"
for number in range(60):
    os.symlink(chain, "trap-chain-%d" % number)
    chain = "trap-chain-%d" % number
if "sparse" in sys.argv:
    with open("sparse", "wb") as file:
        file.truncate(64 << 20)
print("set")
