"""The events of a run that is told while it goes on."""

from __future__ import annotations

import json
from typing import AsyncIterator, Dict, Optional, Type

import httpx

from .errors import UnreachableError
from .models.execution import RunBuilt, RunEvent, RunOutput, RunResult, RunStarted
from .refusal import refusal_in, unexpected
from .server_sent_events import ServerSentEvent, server_sent_events

OUTPUTS = ("stdout", "stderr", "build_stdout", "build_stderr")


async def run_events(response: httpx.Response, result: Type[RunResult]) -> AsyncIterator[RunEvent]:
    """The last one is of the kind `result`. Raises ReplError, also for a stream that ends without it."""
    async for event in server_sent_events(response.aiter_bytes()):
        if event.event == "error":
            raise refusal_in(response, event.data)
        try:
            told = _parsed(event, result)
        except ValueError as error:  # pydantic's and json's alike
            raise unexpected(response, f"The event {event.event} is not as expected: {error}") from error
        if told is not None:
            yield told
        if isinstance(told, result):
            return
    raise UnreachableError("The stream has ended before the run's result.", code="unreachable")


def _parsed(event: ServerSentEvent, result: Type[RunResult]) -> Optional[RunEvent]:
    """None for an event that a newer runner tells of."""
    if event.event in OUTPUTS:
        return RunOutput.model_validate({**_fields(event), "stream": event.event})
    if event.event == "start":
        return RunStarted.model_validate_json(event.data)
    if event.event == "build":
        return RunBuilt.model_validate_json(event.data)
    return result.model_validate_json(event.data) if event.event == "result" else None


def _fields(event: ServerSentEvent) -> Dict[str, object]:
    fields = json.loads(event.data)
    return fields if isinstance(fields, dict) else {}
