"""Looks in /proc and /sys for anything of the host, of the runner or of a neighbour."""

import glob
import os

from probe import refusal

leaks = []


def text(path, most=1 << 20):
    try:
        with open(path, errors="replace") as file:
            return file.read(most)
    except OSError:
        return ""


# Who is here: this, the REPL, the agent, and what the agent has started for us.
uids = {os.stat("/proc/" + pid).st_uid for pid in os.listdir("/proc") if pid.isdigit() and pid != "1"}
if uids - {os.getuid()}:
    leaks.append("processes of users %s" % uids)
for pid in filter(str.isdigit, os.listdir("/proc")):
    command = text("/proc/%s/cmdline" % pid)
    if any(word in command for word in ("dockerd", "containerd", "bwrap", "node", "systemd")):
        leaks.append("process %s: %s" % (pid, command[:50]))
    if "REPL_RUNNER_REPLICA" in text("/proc/%s/environ" % pid):
        leaks.append("the runner's environment in %s" % pid)
for path in ("/proc/kcore", "/proc/kmsg", "/proc/vmcore", "/dev/kmsg", "/proc/kpagecount", "/proc/kpageflags"):
    if refusal(lambda: open(path, "rb").read(16)) is None and not os.path.samestat(os.stat(path), os.stat("/dev/null")):
        leaks.append(path)
if any(line.split()[0].strip("0") for line in text("/proc/kallsyms").splitlines()[:100]):
    leaks.append("kernel addresses")
if len(text("/proc/net/unix").splitlines()) > 40 or "docker" in text("/proc/net/unix"):
    leaks.append("sockets of the host")
if len(text("/proc/net/tcp").splitlines()) > 1:
    leaks.append("connections of the host")
if text("/proc/keys"):
    leaks.append("keys")
for pattern in ("/proc/*/root", "/proc/*/cwd"):
    for link in glob.glob(pattern):
        try:
            target = os.readlink(link)
        except OSError:
            continue
        if target not in ("/", "/sandbox") and not target.startswith(("/proc", "/tmp", "/opt/repl_runner")):
            leaks.append("%s leads to %s" % (link, target))
for path in ("/root", "/home/.", "/var/lib/docker", "/var/run/docker.sock", "/etc/shadow", "/etc/ssh", "/boot", "/mnt"):
    if os.access(path, os.R_OK) and (os.path.isfile(path) or (os.path.isdir(path) and os.listdir(path))):
        leaks.append(path)
print("; ".join(leaks) or "nothing of anybody else")
