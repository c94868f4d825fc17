"""Grading by a real runner."""

from __future__ import annotations

from typing import Optional

import pytest
from conftest import Start

from repl_runner import Arguments, Checker, IoCase, ReplClient, UnreachableError

pytestmark = pytest.mark.anyio

DIVIDE = "def divide(a, b):\n    return divmod(a, b)\n"
CASES = [IoCase(input="a=7, b=2", output=(3, 1)), IoCase(input=Arguments(args=[4, 0]), output=None, name="by zero")]
CHECKER = Checker(code="def check(input, expected, actual, output):\n    return expected == actual\n", entry_point="check")


@pytest.mark.parametrize("once", [True, False])
@pytest.mark.parametrize("checker", [None, CHECKER])
async def test_tells_each_case(client: ReplClient, start: Start, once: bool, checker: Optional[Checker]) -> None:
    if once:
        graded = await client.evaluate_once("python", CASES, code=DIVIDE, entry_point="divide", checker=checker)
    else:
        session = await start()
        graded = await client.evaluate_code(session.id, CASES, code=DIVIDE, entry_point="divide", checker=checker)
    first, second = graded.case_results
    assert (first.passed, first.returned, first.outcome) == (True, (3, 1), "ok")
    assert (second.name, second.outcome) == ("by zero", "runtime_error")
    assert "ZeroDivisionError" in (second.traceback or "")
    assert graded.error is None


async def test_tells_why_no_case_could_be_run(client: ReplClient) -> None:
    graded = await client.evaluate_once("python", CASES, code="def divide(:", entry_point="divide")
    assert graded.error is not None and "SyntaxError" in graded.error.message
    assert (graded.passed, graded.case_results) == (False, [])


async def test_waits_no_longer_than_it_is_told(client: ReplClient) -> None:
    code = "def wait():\n    while True: pass\n"
    with pytest.raises(UnreachableError) as caught:
        await client.evaluate_once(
            "python", [IoCase(input="", output=None)], code=code, entry_point="wait", timeout=0.01
        )
    assert caught.value.code == "timeout"
