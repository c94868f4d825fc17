"""Everything that a call can fail with: one hierarchy under ReplError.

Decide by class or by `code`; the message is for people. `retryable` is the runner's own word.
"""

from __future__ import annotations

from typing import Any, Mapping, Optional


class ReplError(Exception):
    """A call has failed. The other attributes are as the runner gave them, or None where it did not come to that."""

    def __init__(
        self,
        message: str,
        *,
        code: str,
        status: Optional[int] = None,
        retryable: bool = False,
        context: Optional[Mapping[str, Any]] = None,
        request_id: Optional[str] = None,
        retry_after: Optional[float] = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status
        self.retryable = retryable
        self.context: Mapping[str, Any] = context or {}
        self.request_id = request_id
        self.retry_after = retry_after

    def __str__(self) -> str:
        where = "" if self.request_id is None else f" (request {self.request_id})"
        return f"{self.code}: {self.message}{where}"


class UnreachableError(ReplError):
    """No answer came, or it broke off: code `unreachable` or `timeout`. Whether anything was done is not known."""


class UnexpectedAnswerError(ReplError):
    """Something answered that is no runner: code `unexpected_answer`."""


class TerminalClosedError(ReplError):
    """The websocket of a terminal was closed: code by its close code, e.g. `taken_over`; `status` is the close code."""


class RefusedError(ReplError):
    """The runner has answered with an error."""


class NotAllowedError(RefusedError):
    """401 or 403: no token, a wrong one, or something that may not be done."""


class NotFoundError(RefusedError):
    """404 or 410: no such session, file or call, or a session that has ended."""


class ConflictError(RefusedError):
    """409: the state of the session or of a file does not allow it."""


class InvalidRequestError(RefusedError):
    """Any other 4xx: the request is at fault; `context["problems"]` may say where."""


class UnavailableError(RefusedError):
    """503 or 429: not now; `retry_after` says after how many seconds to ask again."""


class RunnerFailedError(RefusedError):
    """Any other 5xx, or an error in the middle of a stream: the runner or a sandbox is at fault."""


def error_class(status: Optional[int]) -> type[RefusedError]:
    """The class of an answer with this status; None where a stream that had begun well tells of the error."""
    if status is None:
        return RunnerFailedError
    if status in (401, 403):
        return NotAllowedError
    if status in (404, 410):
        return NotFoundError
    if status == 409:
        return ConflictError
    if status in (429, 503):
        return UnavailableError
    return InvalidRequestError if status < 500 else RunnerFailedError
