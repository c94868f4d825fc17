"""Runs of programs beside the REPL: what is asked for, what became of it, and what is told meanwhile."""

from __future__ import annotations

from base64 import b64decode
from typing import Dict, List, Literal, Optional, Union

from .base import Answer, Request
from .evaluation import Outcome
from .session import EncodedFile, RequestedLimits


class RunLimits(Request):
    wall_seconds: Optional[float] = None
    cpu_seconds: Optional[float] = None
    output_bytes: Optional[int] = None
    memory_mib: Optional[int] = None


class OnceLimits(RequestedLimits):
    """Of a run in a sandbox of its own: those of the sandbox are among them."""

    wall_seconds: Optional[float] = None
    cpu_seconds: Optional[float] = None
    output_bytes: Optional[int] = None


class EncodedInput(Request):
    base64: str


class RunRequest(Request):
    """One of a shell `command`, an `argv`, or a `file` that the language runs, with `args`."""

    command: Optional[str] = None
    argv: Optional[List[str]] = None
    file: Optional[str] = None
    args: Optional[List[str]] = None
    stdin: Optional[Union[str, EncodedInput]] = None
    env: Optional[Dict[str, str]] = None
    limits: Optional[Union[RunLimits, OnceLimits]] = None


class RunOnceRequest(RunRequest):
    language: str
    egress: Union[bool, List[str], None] = None
    files: Optional[Dict[str, Union[str, EncodedFile]]] = None


class Output(Answer):
    """What a program printed: `content` where it is UTF-8, otherwise `base64`; neither after a stream has told it."""

    content: Optional[str] = None
    base64: Optional[str] = None
    truncated: bool

    @property
    def data(self) -> bytes:
        return _octets(self.content, self.base64)

    @property
    def text(self) -> str:
        """As text; what is not UTF-8 is replaced."""
        return self.data.decode(errors="replace")


class RunStep(Answer):
    outcome: Outcome
    exit_code: Optional[int]
    signal: Optional[str]
    stdout: Output
    stderr: Output
    wall_ms: float
    cpu_ms: float
    max_rss_bytes: float


class RunResult(RunStep):
    """Of the program; where its `build` has failed, of that."""

    build: Optional[RunStep]
    created: List[str]
    changed: List[str]
    deleted: List[str]
    files_truncated: bool


class Queue(Answer):
    waited_ms: float


class OnceResult(RunResult):
    queue: Queue
    cold: bool


class RunStarted(Answer):
    """The first event; of a run in a sandbox of its own, with how that was come by."""

    queue: Optional[Queue] = None
    cold: Optional[bool] = None


class RunOutput(Answer):
    """A piece of what a program prints while it runs, or of what its build prints."""

    stream: Literal["stdout", "stderr", "build_stdout", "build_stderr"]
    content: Optional[str] = None
    base64: Optional[str] = None

    @property
    def data(self) -> bytes:
        return _octets(self.content, self.base64)


class RunBuilt(RunStep):
    """The build has ended."""


RunEvent = Union[RunStarted, RunOutput, RunBuilt, RunResult, OnceResult]


def _octets(content: Optional[str], base64: Optional[str]) -> bytes:
    return content.encode() if content is not None else b64decode(base64 or "")
