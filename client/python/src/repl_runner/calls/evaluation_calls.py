"""Grading: many cases against one piece of code."""

from __future__ import annotations

from typing import Mapping, Optional, Sequence

import anyio

from ..errors import UnreachableError
from ..evaluation_events import told_evaluation
from ..models.evaluation import CaseLimits, Checker, Compare, EvaluateOnceRequest, EvaluateRequest, Evaluation, IoCase
from ..models.session import Files, RequestedLimits
from ..paths import session_path
from ..uploads import json_files
from .base import Calls


class EvaluationCalls(Calls):
    async def evaluate_code(
        self,
        session_id: str,
        io_cases: Sequence[IoCase],
        *,
        code: Optional[str] = None,
        file: Optional[str] = None,
        entry_point: Optional[str] = None,
        compare: Optional[Compare] = None,
        checker: Optional[Checker] = None,
        limits: Optional[CaseLimits] = None,
        env: Optional[Mapping[str, str]] = None,
        total_seconds: Optional[float] = None,
        timeout: Optional[float] = None,
    ) -> Evaluation:
        """In the session, for its learner. `code`, or a `file` of the workspace; `entry_point` names the function, and
        without one the program is given each input on its stdin."""
        request = EvaluateRequest(
            io_cases=list(io_cases),
            code=code,
            file=file,
            entry_point=entry_point,
            compare=compare,
            checker=checker,
            limits=limits,
            env=None if env is None else dict(env),
            total_seconds=total_seconds,
        )
        return await self._evaluated(session_path(session_id, "evaluate"), request, timeout)

    async def evaluate_once(
        self,
        language: str,
        io_cases: Sequence[IoCase],
        *,
        files: Optional[Files] = None,
        code: Optional[str] = None,
        file: Optional[str] = None,
        entry_point: Optional[str] = None,
        compare: Optional[Compare] = None,
        checker: Optional[Checker] = None,
        limits: Optional[CaseLimits] = None,
        sandbox_limits: Optional[RequestedLimits] = None,
        env: Optional[Mapping[str, str]] = None,
        total_seconds: Optional[float] = None,
        timeout: Optional[float] = None,
    ) -> Evaluation:
        """In a sandbox of its own that nothing has touched before: for grading that counts."""
        request = EvaluateOnceRequest(
            language=language,
            files=json_files(files),
            io_cases=list(io_cases),
            code=code,
            file=file,
            entry_point=entry_point,
            compare=compare,
            checker=checker,
            limits=limits,
            sandbox_limits=sandbox_limits,
            env=None if env is None else dict(env),
            total_seconds=total_seconds,
        )
        return await self._evaluated("/evaluate", request, timeout)

    async def _evaluated(self, path: str, request: EvaluateRequest, timeout: Optional[float]) -> Evaluation:
        # By events: their heartbeat keeps whatever is on the way from hanging up on a long evaluation.
        seconds = self._work(timeout)
        told = self._transport.stream(
            "POST", path, timeout=seconds, json=request.body(), headers={"Accept": "text/event-stream"}
        )
        try:
            with anyio.fail_after(seconds):
                async with told as response:
                    return await told_evaluation(response)
        except TimeoutError as error:
            raise UnreachableError(f"The evaluation did not end within {seconds:g} s.", code="timeout") from error
