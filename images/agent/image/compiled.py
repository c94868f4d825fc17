"""Compiles the agent and the languages' hooks and writes that to standard output, one JSON object {path: base64} with paths
relative to the agent's folder. For a driver whose sandboxes see that folder read-only and not sealed in an image: each of
them would compile again. Python 3.9 to 3.14, standard library only.
"""

import base64
import importlib.util
import json
import pathlib
import py_compile
import sys
import tempfile

root = pathlib.Path(__file__).resolve().parent.parent
# The files do not change while sandboxes see them, and a copy keeps no time of change to compare.
unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH

compiled = {}
with tempfile.TemporaryDirectory() as folder:
    target = pathlib.Path(folder, "compiled")
    for source in root.rglob("*.py"):
        try:
            py_compile.compile(str(source), str(target), doraise=True, invalidation_mode=unchecked)
        except py_compile.PyCompileError as error:
            sys.exit(error.msg)
        path = pathlib.Path(importlib.util.cache_from_source(str(source))).relative_to(root)
        compiled[str(path)] = base64.b64encode(target.read_bytes()).decode()
json.dump(compiled, sys.stdout)
