"""Sessions: what starts one, and what the runner says of it."""

from __future__ import annotations

from datetime import datetime
from typing import Dict, List, Literal, Mapping, Optional, Sequence, Union

from pydantic import Field

from .base import Answer, Request

SignalName = Literal["SIGINT", "SIGTERM", "SIGKILL", "SIGQUIT", "SIGHUP", "SIGTSTP", "SIGCONT"]


class TerminalSize(Request):
    cols: int
    rows: int


class RequestedLimits(Request):
    """What is None stays at the operator's default."""

    cpus: Optional[float] = None
    memory_mib: Optional[int] = None
    processes: Optional[int] = None
    disk_mib: Optional[int] = None
    inodes: Optional[int] = None
    open_files: Optional[int] = None
    file_mib: Optional[int] = None


class EncodedFile(Request):
    base64: str
    executable: Optional[bool] = None


FileContent = Union[str, bytes, EncodedFile]
Files = Mapping[str, FileContent]
# What programs may reach: all that the operator allows, nothing, or some names of it.
Egress = Union[bool, Sequence[str]]


def egress_option(egress: Optional[Egress]) -> Union[bool, List[str], None]:
    return egress if egress is None or isinstance(egress, bool) else list(egress)


class SessionOptions(Request):
    """Of a start, a restart and a fork; each takes some of these."""

    language: Optional[str] = None
    startup: Optional[str] = None
    env: Optional[Dict[str, str]] = None
    terminal: Optional[TerminalSize] = None
    limits: Optional[RequestedLimits] = None
    egress: Union[bool, List[str], None] = None
    files: Optional[Dict[str, Union[str, EncodedFile]]] = None


class Limits(Answer):
    cpus: float
    memory_mib: float
    processes: int
    disk_mib: float
    inodes: int
    open_files: int
    file_mib: float


class Started(Answer):
    cold: bool
    wait_ms: float


class Exit(Answer):
    outcome: str
    exit_code: Optional[int]
    signal: Optional[str]


class Attachments(Answer):
    owner: bool
    viewers: int


class MaskedSession(Answer):
    """As operators see it; the id is not whole."""

    id: Optional[str] = None
    language: str
    state: Literal["starting", "running", "exited", "ended"]
    created_at: datetime
    expires_at: datetime
    limits: Limits
    # The names that its programs may reach.
    egress: List[str] = []
    started: Started
    exit: Optional[Exit]
    attachments: Attachments


class Session(MaskedSession):
    """By either id: `id` is None when it was asked for by its view_id."""

    view_id: str
    websocket: str


class OwnedSession(Session):
    id: str


class LeftOut(Answer):
    path: str
    reason: str


class ForkReport(Answer):
    """What a fork has copied, and what it has not."""

    files: int
    bytes: int
    copied: List[str]
    not_copied: List[str]
    left_out: List[LeftOut]
    left_out_count: int


class ForkedSession(OwnedSession):
    fork: ForkReport


class SessionList(Answer):
    sessions: List[MaskedSession]


class Language(Answer):
    name: str
    title: str
    version: str


class Languages(Answer):
    languages: List[Language]


class Ready(Answer):
    ready: bool = Field(alias="ready?")
    # What a start would be refused with.
    code: Optional[str]
    replica: str
    serves: List[str]
    sessions: int
    max_sessions: int
    warm: Dict[str, int]
    # The host's, of the last minute, for each core.
    load: float


class Alive(Answer):
    alive: bool = Field(alias="alive?")


class Sha(Answer):
    sha: str


class Draining(Answer):
    draining: bool = Field(alias="draining?")
    sessions: int
