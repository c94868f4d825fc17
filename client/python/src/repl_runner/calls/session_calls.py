"""Sessions: start, inspect, restart, fork, end; and their terminals without a websocket."""

from __future__ import annotations

from typing import List, Mapping, Optional, TypeVar

from ..models.session import (
    Egress,
    Files,
    ForkedSession,
    MaskedSession,
    OwnedSession,
    RequestedLimits,
    Session,
    SessionList,
    SessionOptions,
    SignalName,
    TerminalSize,
    egress_option,
)
from ..paths import session_path
from ..uploads import json_files, upload
from .base import Calls

AnySession = TypeVar("AnySession", bound=OwnedSession)


class SessionCalls(Calls):
    async def create_session(
        self,
        language: str,
        *,
        files: Optional[Files] = None,
        archive: Optional[bytes] = None,
        startup: Optional[str] = None,
        env: Optional[Mapping[str, str]] = None,
        terminal: Optional[TerminalSize] = None,
        limits: Optional[RequestedLimits] = None,
        egress: Optional[Egress] = None,
        timeout: Optional[float] = None,
    ) -> OwnedSession:
        """A session with these files, or with those of an archive (a tar, gzipped or not). `egress` is True for all
        that the operator lets programs reach, or some names of it."""
        options = SessionOptions(
            language=language,
            startup=startup,
            env=None if env is None else dict(env),
            terminal=terminal,
            limits=limits,
            egress=egress_option(egress),
            files=json_files(files),
        )
        return await self._started(OwnedSession, "/repl", options, archive, timeout)

    async def list_sessions(self) -> List[MaskedSession]:
        """All sessions of this replica, for operators; their ids are masked."""
        answer = await self._transport.model(SessionList, "GET", "/repl", timeout=self._timeout)
        return answer.sessions

    async def get_session(self, session_id: str) -> Session:
        """By its id or its view_id."""
        return await self._transport.model(Session, "GET", session_path(session_id), timeout=self._timeout)

    async def delete_session(self, session_id: str) -> None:
        """Ends it; well, too, when there is none. Its sandbox is gone afterwards."""
        await self._transport.call("DELETE", session_path(session_id), timeout=self._work_timeout)

    async def restart_session(
        self,
        session_id: str,
        *,
        files: Optional[Files] = None,
        archive: Optional[bytes] = None,
        startup: Optional[str] = None,
        env: Optional[Mapping[str, str]] = None,
        terminal: Optional[TerminalSize] = None,
        timeout: Optional[float] = None,
    ) -> OwnedSession:
        """A fresh REPL, with the same files or with these."""
        options = SessionOptions(
            startup=startup,
            env=None if env is None else dict(env),
            terminal=terminal,
            files=json_files(files),
        )
        return await self._started(OwnedSession, session_path(session_id, "restart"), options, archive, timeout)

    async def fork_session(
        self,
        session_id: str,
        *,
        startup: Optional[str] = None,
        env: Optional[Mapping[str, str]] = None,
        terminal: Optional[TerminalSize] = None,
        limits: Optional[RequestedLimits] = None,
        egress: Optional[Egress] = None,
        timeout: Optional[float] = None,
    ) -> ForkedSession:
        """A new session with a copy of this one's files; `fork` says what was copied and what was not. Without
        `egress` its programs may reach what those of this one may."""
        options = SessionOptions(
            startup=startup,
            env=None if env is None else dict(env),
            terminal=terminal,
            limits=limits,
            egress=egress_option(egress),
        )
        return await self._started(ForkedSession, session_path(session_id, "fork"), options, None, timeout)

    async def resize(self, session_id: str, *, cols: int, rows: int) -> None:
        await self._post(session_path(session_id, "resize"), {"cols": cols, "rows": rows})

    async def signal(self, session_id: str, signal: SignalName) -> None:
        """To the terminal's foreground processes; SIGINT is what Ctrl-C does."""
        await self._post(session_path(session_id, "signal"), {"signal": signal})

    async def _post(self, path: str, body: Mapping[str, object]) -> None:
        await self._transport.call("POST", path, timeout=self._timeout, json=body)

    async def _started(
        self,
        kind: type[AnySession],
        path: str,
        options: SessionOptions,
        archive: Optional[bytes],
        timeout: Optional[float],
    ) -> AnySession:
        return await self._transport.model(kind, "POST", path, timeout=self._work(timeout), **upload(options, archive))
