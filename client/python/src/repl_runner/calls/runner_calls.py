"""What tells of the replica itself."""

from __future__ import annotations

from typing import Any, Dict, List

from ..models.session import Alive, Draining, Language, Languages, Ready, Sha
from .base import Calls


class RunnerCalls(Calls):
    async def alive(self) -> bool:
        return (await self._transport.model(Alive, "GET", "/alive", timeout=self._timeout)).alive

    async def ready(self) -> Ready:
        """Whether sessions can be started here, and how many there are; `ready` is False where none can."""
        accepted = frozenset({503})
        return await self._transport.model(Ready, "GET", "/ready", timeout=self._timeout, accepted=accepted)

    async def sha(self) -> str:
        """The commit that the runner was built from."""
        return (await self._transport.model(Sha, "GET", "/sha", timeout=self._timeout)).sha

    async def languages(self) -> List[Language]:
        return (await self._transport.model(Languages, "GET", "/languages", timeout=self._timeout)).languages

    async def metrics(self) -> str:
        """In Prometheus' text format."""
        return (await self._transport.call("GET", "/metrics", timeout=self._timeout)).text

    async def openapi(self) -> Dict[str, Any]:
        """The OpenAPI document of all calls."""
        document: Dict[str, Any] = (await self._transport.call("GET", "/openapi.json", timeout=self._timeout)).json()
        return document

    async def drain(self) -> Draining:
        """Has it refuse new sessions from now on and keep the others until they end."""
        return await self._transport.model(Draining, "POST", "/drain", timeout=self._timeout)
