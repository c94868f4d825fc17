"""Python values as tagged JSON."""

from __future__ import annotations

import json
import math

import pytest

from repl_runner import Arguments, IoCase, Opaque, decode_value, encode_value
from repl_runner.models.evaluation import EvaluateRequest


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        "text",
        0,
        2**53,
        -(2**70),
        10**5000,
        1.5,
        1.0,
        -0.0,
        math.inf,
        2 - 3.5j,
        b"\xff\x00",
        [1, [2]],
        (1, (2,), []),
        {1, 2},
        frozenset({"a"}),
        {"a": None, "b": (1,)},
        {1: "x", (2, 3): "y"},
        {"$int": 1},
    ],
    ids=lambda value: type(value).__name__,
)
def test_comes_back_as_it_was(value: object) -> None:
    tagged = json.loads(json.dumps(encode_value(value)))
    back = decode_value(tagged)
    assert back == value
    assert type(back) is type(value)


def test_keeps_what_equals_nothing() -> None:
    assert math.isnan(decode_value(encode_value(math.nan)))
    assert decode_value({"$opaque": {"type": "a.B", "repr": "<B>"}}) == Opaque("a.B", "<B>")


def test_refuses_what_has_no_form() -> None:
    with pytest.raises(TypeError):
        encode_value(object())
    for unknown in ({"$odd": 1}, {"$int": "1", "beside": 2}):
        with pytest.raises(ValueError):
            decode_value(unknown)


def test_sends_none_where_it_is_a_value() -> None:
    cases = [IoCase(input=Arguments(args=[None, (1, None)], kwargs={"a": None}), output=None)]
    assert EvaluateRequest(io_cases=cases, code="", entry_point="f").body() == {
        "io_cases": [{"input": {"args": [None, {"$tuple": [1, None]}], "kwargs": {"a": None}}, "output": None}],
        "code": "",
        "entry_point": "f",
    }
