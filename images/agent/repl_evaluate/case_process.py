"""The process of one case: limits itself, calls the function, and writes what came of it to a pipe of its own.

Whatever the function does here dies with this process. It writes one message, four bytes of length and JSON: `{value,
repr}`, `{failure}` or `{input}`, and nobody trusts it.
"""

import math
import os
import resource
import struct
import sys
from json import dumps

from . import case_input, kernel, solution, tagged

# What is left to report with when the memory of the case is used up.
_SPARE_BYTES = 16 * 1024 * 1024


def run(function, case, result_fd, data_bytes):
    """Never returns. `data_bytes` is what the loaded code occupies already."""
    try:
        os.setsid()
        kernel.die_with_parent()
        kernel.make_dumpable()
        _limit(case, data_bytes)
        message = _answer(function, case["input"])
        _lift_memory_limit()
        _flush()
        _write(result_fd, dumps(message).encode())
    except BaseException as error:
        _lift_memory_limit()
        _write(result_fd, dumps({"failure": solution.failure(error)}).encode())
    finally:
        os._exit(0)


def _answer(function, given):
    try:
        args, kwargs = case_input.arguments(given)
    except case_input.InvalidInput as error:
        return {"input": str(error)[: solution.MAX_MESSAGE]}
    try:
        value = function(*args, **kwargs)
        encoded = tagged.encode(value)
        return {"value": encoded, "repr": tagged.shown(value, not tagged.is_cut(encoded))}
    except BaseException as error:
        _lift_memory_limit()
        return {"failure": solution.failure(error)}


def _limit(case, data_bytes):
    cpu = math.ceil(case["cpu_seconds"])
    _lower(resource.RLIMIT_CPU, cpu, cpu + 1)
    if case["memory_bytes"] is not None:
        most = data_bytes + case["memory_bytes"]
        _lower(resource.RLIMIT_DATA, most, most + _SPARE_BYTES)


def _lower(which, soft, hard):
    _, most = resource.getrlimit(which)
    if most != resource.RLIM_INFINITY:
        soft, hard = min(soft, most), min(hard, most)
    resource.setrlimit(which, (soft, hard))


def _lift_memory_limit():
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))


def _flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # closed, or replaced by whatever the user made
            pass


def _write(fd, message):
    data = memoryview(struct.pack(">I", len(message)) + message)
    while data:
        data = data[os.write(fd, data) :]
