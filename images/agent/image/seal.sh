#!/bin/sh
# The last layer of a language's image: the agent and the language's files, readable by the sandbox's user and writable by
# nobody, whatever modes the build context came with; compiled in advance, since the root file system is read-only and
# every sandbox would compile again.
set -eu
python3 -m compileall -q /opt/repl_runner
chmod -R a=rX /opt/repl_runner
chmod 0755 /opt
