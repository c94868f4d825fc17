"""Evaluates a function over many inputs: loads the user's code once and forks that state for each case.

Run as `python3 -I evaluate.py` by a process of the user in the sandbox. stdin is one JSON object
`{code, file, entry_point, cases: [{index, input, wall_seconds, cpu_seconds, memory_bytes, output_bytes}]}`, stdout is one
JSON object a line (see repl_evaluate/supervisor.py), stderr is what the code prints while it is loaded. It is told no
expected value and gives no verdict. Python 3.9 to 3.14, standard library only.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from repl_evaluate import supervisor  # noqa: E402

del sys.path[0]
supervisor.main()
