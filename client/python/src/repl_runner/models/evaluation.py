"""Evaluations: cases in, verdicts out."""

from __future__ import annotations

from typing import Any, Dict, List, Literal, Optional, Union

from pydantic import field_serializer

from ..values import decode_value, encode_value
from .base import Answer, Request
from .session import EncodedFile, RequestedLimits

Outcome = Literal[
    "ok",
    "runtime_error",
    "signal",
    "wall_timeout",
    "cpu_timeout",
    "out_of_memory",
    "process_limit",
    "output_limit",
    "disk_full",
    "ended",
    "infrastructure",
]


class CaseLimits(Request):
    wall_seconds: Optional[float] = None
    cpu_seconds: Optional[float] = None
    memory_mib: Optional[int] = None
    output_bytes: Optional[int] = None


class Arguments(Request):
    """Of a call, as Python values."""

    args: List[Any] = []
    kwargs: Dict[str, Any] = {}

    @field_serializer("args")
    def _args(self, args: List[Any]) -> Any:
        return encode_value(args)

    @field_serializer("kwargs")
    def _kwargs(self, kwargs: Dict[str, Any]) -> Any:
        return {name: encode_value(value) for name, value in kwargs.items()}


class IoCase(Request):
    """One case: `input` as text (`a=1, b=2`, or a program's stdin) or as arguments; `output` is what is expected."""

    input: Union[str, Arguments]
    output: Any
    name: Optional[str] = None
    limits: Optional[CaseLimits] = None

    @field_serializer("output")
    def _output(self, output: Any) -> Any:
        return encode_value(output)


class Compare(Request):
    mode: Literal["exact", "trimmed", "numeric"]
    relative_tolerance: Optional[float] = None
    absolute_tolerance: Optional[float] = None


class Checker(Request):
    """Code of the host's that judges instead; it runs in a sandbox of its own."""

    code: str
    entry_point: str


class EvaluateRequest(Request):
    io_cases: List[IoCase]
    kind: Optional[Literal["function", "stdio"]] = None
    code: Optional[str] = None
    file: Optional[str] = None
    entry_point: Optional[str] = None
    compare: Optional[Compare] = None
    checker: Optional[Checker] = None
    limits: Optional[CaseLimits] = None
    env: Optional[Dict[str, str]] = None
    total_seconds: Optional[float] = None

    def body(self) -> Dict[str, Any]:
        # An expected None is a value like any other.
        body = super().body()
        for shown, case in zip(body["io_cases"], self.io_cases):
            shown["output"] = encode_value(case.output)
        return body


class EvaluateOnceRequest(EvaluateRequest):
    language: str
    files: Optional[Dict[str, Union[str, EncodedFile]]] = None
    sandbox_limits: Optional[RequestedLimits] = None


class CaseResult(Answer):
    name: Optional[str]
    passed: bool
    outcome: Outcome
    value: Any
    repr: Optional[str]
    output: str
    stderr: str
    traceback: Optional[str]
    exit_code: Optional[int]
    signal: Optional[str]
    wall_ms: float
    cpu_ms: float
    message: Optional[str]

    @property
    def returned(self) -> Any:
        """`value` as a Python value."""
        return decode_value(self.value)


class EvaluationError(Answer):
    outcome: Outcome
    message: str
    traceback: Optional[str]
    output: str


class Evaluation(Answer):
    passed: bool
    case_results: List[CaseResult]
    error: Optional[EvaluationError]
