"""Programs beside the REPL: in a session, or once in a sandbox of their own."""

from __future__ import annotations

from base64 import b64encode
from typing import AsyncGenerator, List, Mapping, Optional, Sequence, Union

from ..models.execution import (
    EncodedInput,
    OnceLimits,
    OnceResult,
    RunEvent,
    RunLimits,
    RunOnceRequest,
    RunRequest,
    RunResult,
)
from ..models.session import Egress, Files, egress_option
from ..paths import session_path
from ..run_events import run_events
from ..uploads import json_files, upload
from .base import Calls


class RunCalls(Calls):
    async def run(
        self,
        session_id: str,
        *,
        command: Optional[str] = None,
        argv: Optional[Sequence[str]] = None,
        file: Optional[str] = None,
        args: Optional[Sequence[str]] = None,
        stdin: Union[str, bytes, None] = None,
        env: Optional[Mapping[str, str]] = None,
        limits: Optional[RunLimits] = None,
        timeout: Optional[float] = None,
    ) -> RunResult:
        """In the session: a shell `command`, an `argv`, or a `file` as its language runs files."""
        request = RunRequest(
            command=command,
            argv=_list(argv),
            file=file,
            args=_list(args),
            stdin=_input(stdin),
            env=None if env is None else dict(env),
            limits=limits,
        )
        path = session_path(session_id, "run")
        return await self._transport.model(
            RunResult, "POST", path, timeout=self._work(timeout), json=request.body()
        )

    async def run_stream(
        self,
        session_id: str,
        *,
        command: Optional[str] = None,
        argv: Optional[Sequence[str]] = None,
        file: Optional[str] = None,
        args: Optional[Sequence[str]] = None,
        stdin: Union[str, bytes, None] = None,
        env: Optional[Mapping[str, str]] = None,
        limits: Optional[RunLimits] = None,
        timeout: Optional[float] = None,
    ) -> AsyncGenerator[RunEvent, None]:
        """The same, told as it goes on; the last event is the RunResult. Closing the iterator before that
        ends the program; `contextlib.aclosing` does so when the loop is left."""
        request = RunRequest(
            command=command,
            argv=_list(argv),
            file=file,
            args=_list(args),
            stdin=_input(stdin),
            env=None if env is None else dict(env),
            limits=limits,
        )
        async with self._transport.stream(
            "POST",
            session_path(session_id, "run"),
            timeout=self._work(timeout),
            json=request.body(),
            headers={"Accept": "text/event-stream"},
        ) as response:
            async for event in run_events(response, RunResult):
                yield event

    async def run_once(
        self,
        language: str,
        *,
        files: Optional[Files] = None,
        archive: Optional[bytes] = None,
        command: Optional[str] = None,
        argv: Optional[Sequence[str]] = None,
        file: Optional[str] = None,
        args: Optional[Sequence[str]] = None,
        stdin: Union[str, bytes, None] = None,
        env: Optional[Mapping[str, str]] = None,
        limits: Optional[OnceLimits] = None,
        egress: Optional[Egress] = None,
        timeout: Optional[float] = None,
    ) -> OnceResult:
        """In a fresh sandbox of its own, which is gone afterwards; without any of the three, the language's own file."""
        request = RunOnceRequest(
            language=language,
            files=json_files(files),
            command=command,
            argv=_list(argv),
            file=file,
            args=_list(args),
            stdin=_input(stdin),
            env=None if env is None else dict(env),
            limits=limits,
            egress=egress_option(egress),
        )
        return await self._transport.model(
            OnceResult, "POST", "/run", timeout=self._work(timeout), **upload(request, archive)
        )


def _list(words: Optional[Sequence[str]]) -> Optional[List[str]]:
    return None if words is None else list(words)


def _input(stdin: Union[str, bytes, None]) -> Union[str, EncodedInput, None]:
    return EncodedInput(base64=b64encode(stdin).decode()) if isinstance(stdin, bytes) else stdin
