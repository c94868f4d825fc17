"""One request and its answer: addresses, the token, timeouts, retries, errors. It knows no call of the API by name.

A request is repeated only where both hold: it is idempotent, and the runner says that the same request may succeed later.
"""

from __future__ import annotations

import random
from contextlib import asynccontextmanager
from typing import Any, AsyncIterator, Awaitable, Callable, Collection, Mapping, Optional, TypeVar

import anyio
import httpx
from pydantic import BaseModel, ValidationError

from .errors import ReplError, UnreachableError
from .refusal import refusal_of, unexpected

Model = TypeVar("Model", bound=BaseModel)

CONNECT_SECONDS = 5.0
# Of the wait before a repetition, which the runner may ask to be longer.
FIRST_WAIT_SECONDS = 0.1
MAX_WAIT_SECONDS = 10.0
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE"})


class Transport:
    def __init__(
        self,
        base_url: str,
        *,
        token: Optional[str],
        headers: Optional[Mapping[str, str]],
        retries: int,
        transport: Optional[httpx.AsyncBaseTransport],
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.headers = dict(headers or {})
        if token is not None:
            self.headers["Authorization"] = f"Bearer {token}"
        self._retries = retries
        self._sleep = sleep
        self._http = httpx.AsyncClient(headers=self.headers, transport=transport, follow_redirects=False)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def call(
        self, method: str, path: str, *, timeout: float, accepted: Collection[int] = (), **request: Any
    ) -> httpx.Response:
        """An answer that is a success, or has a status that is accepted beside. Raises ReplError."""
        left = self._retries if method in IDEMPOTENT else 0
        attempt = 0
        while True:
            response = await self._once(method, path, timeout, request)
            if response.is_success or response.status_code in accepted:
                return response
            error = refusal_of(response)
            wait = _wait_before(attempt, error)
            if attempt == left or not error.retryable or wait > MAX_WAIT_SECONDS:
                raise error
            attempt += 1
            await self._sleep(wait)

    async def model(self, kind: type[Model], method: str, path: str, *, timeout: float, **request: Any) -> Model:
        """The answer as this model. Raises ReplError."""
        response = await self.call(method, path, timeout=timeout, **request)
        try:
            return kind.model_validate_json(response.content)
        except ValidationError as error:
            raise unexpected(response, f"The answer is not a {kind.__name__}: {error}") from error

    @asynccontextmanager
    async def stream(self, method: str, path: str, *, timeout: float, **request: Any) -> AsyncIterator[httpx.Response]:
        """A successful answer whose body is still to be read; never repeated. Raises ReplError."""
        with _translated(self.base_url):
            options = {**request, "timeout": httpx.Timeout(timeout, connect=CONNECT_SECONDS)}
            async with self._http.stream(method, self.base_url + path, **options) as response:
                if not response.is_success:
                    await response.aread()
                    raise refusal_of(response)
                yield response

    async def _once(self, method: str, path: str, timeout: float, request: Mapping[str, Any]) -> httpx.Response:
        options = {**request, "timeout": httpx.Timeout(timeout, connect=CONNECT_SECONDS)}
        with _translated(self.base_url):
            return await self._http.request(method, self.base_url + path, **options)


class _translated:
    """Turns httpx' errors into UnreachableError."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: Optional[BaseException], _traceback: object) -> None:
        if isinstance(error, httpx.TimeoutException):
            raise UnreachableError(f"{self._base_url} did not answer in time.", code="timeout") from error
        if isinstance(error, httpx.TransportError):
            reason = str(error) or type(error).__name__
            raise UnreachableError(f"{self._base_url} cannot be reached: {reason}", code="unreachable") from error


def _wait_before(attempt: int, error: ReplError) -> float:
    """Seconds before the repetition after this attempt: at least what the runner asks for, and never all at once."""
    backoff = FIRST_WAIT_SECONDS * 2.0**attempt * random.uniform(0.5, 1.0)
    return max(error.retry_after or 0.0, backoff)
