"""PID 1 of every sandbox: runs the user's processes and speaks the agent protocol on its stdin and stdout.

Its one argument is a JSON object: `epoch` (this sandbox's name for its terminal log), `repl` (argv), `env` (for every
process of the user), `hook` (null, or `variable` and `path` of a start-up file that waits for the claim) and
`orphan_seconds`. It holds no secret, trusts its runner, and never acts on a damaged frame. Python 3.9 to 3.14, standard
library only. docs/agent-protocol.md describes the frames.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from repl_agent.main import main  # noqa: E402

main(sys.argv[1])
