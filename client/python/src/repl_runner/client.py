"""ReplClient: every call of the API, as methods of one object."""

from __future__ import annotations

from types import TracebackType
from typing import Mapping, Optional

import httpx

from .calls.evaluation_calls import EvaluationCalls
from .calls.file_calls import FileCalls
from .calls.run_calls import RunCalls
from .calls.runner_calls import RunnerCalls
from .calls.session_calls import SessionCalls
from .terminal import Terminal, terminal_of
from .transport import Transport


class ReplClient(SessionCalls, FileCalls, RunCalls, EvaluationCalls, RunnerCalls):
    """
    Of a runner, or of a host app's proxy in front of one (which lets calls under `/repl` through and no other).

    `timeout` is for calls that answer at once, `work_timeout` for those that wait for a sandbox or a program, both in
    seconds without a word from the runner. What the runner says may succeed later is repeated up to `retries` times,
    where the call is idempotent.
    """

    def __init__(
        self,
        base_url: str = "http://127.0.0.1:4657",
        *,
        token: Optional[str] = None,
        headers: Optional[Mapping[str, str]] = None,
        timeout: float = 10.0,
        work_timeout: float = 120.0,
        retries: int = 2,
        transport: Optional[httpx.AsyncBaseTransport] = None,
    ) -> None:
        self._timeout = timeout
        self._work_timeout = work_timeout
        self._transport = Transport(base_url, token=token, headers=headers, retries=retries, transport=transport)

    async def __aenter__(self) -> ReplClient:
        return self

    async def __aexit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._transport.aclose()

    def attach(
        self,
        session_id: str,
        *,
        cols: Optional[int] = None,
        rows: Optional[int] = None,
        attach_token: Optional[str] = None,
    ) -> Terminal:
        """The session's terminal, to be used with `async with`; by its view_id one watches, unless the attach token says
        otherwise. Needs the extra `terminal`."""
        return terminal_of(self._transport, session_id, cols=cols, rows=rows, attach_token=attach_token)
