"""From an answer that is no success to the error to raise."""

from __future__ import annotations

from typing import Dict, Optional, Union

import httpx
from pydantic import BaseModel, ValidationError

from .errors import ReplError, UnexpectedAnswerError, error_class


class _Problem(BaseModel):
    code: str
    message: str
    retryable: bool
    context: Dict[str, object] = {}


class _Refusal(BaseModel):
    error: _Problem


def refusal_of(response: httpx.Response) -> ReplError:
    """The error of an answer whose body was read."""
    return refusal_in(response, response.content)


def refusal_in(response: httpx.Response, body: Union[str, bytes]) -> ReplError:
    """The error that this JSON says, of an answer or within one that had begun well."""
    request_id = response.headers.get("X-Request-Id")
    status = None if response.is_success else response.status_code
    try:
        problem = _Refusal.model_validate_json(body).error
    except ValidationError:
        return unexpected(response, f"{response.url} answers with {response.status_code}, but not as a runner does.")
    return error_class(status)(
        problem.message,
        code=problem.code,
        status=status,
        retryable=problem.retryable,
        context=problem.context,
        request_id=request_id,
        retry_after=_seconds(response.headers.get("Retry-After")),
    )


def unexpected(response: httpx.Response, message: str) -> UnexpectedAnswerError:
    return UnexpectedAnswerError(
        message,
        code="unexpected_answer",
        status=response.status_code,
        request_id=response.headers.get("X-Request-Id"),
    )


def _seconds(header: Optional[str]) -> Optional[float]:
    return float(header) if header is not None and header.isascii() and header.isdigit() else None
