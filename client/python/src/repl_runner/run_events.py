"""The events of a run that is told while it goes on."""

from __future__ import annotations

import json
from typing import AsyncIterator, Dict, Optional, Type

import httpx

from .models.execution import RunBuilt, RunEvent, RunOutput, RunResult, RunStarted
from .refusal import unexpected
from .server_sent_events import ServerSentEvent
from .told_events import told_events

OUTPUTS = ("stdout", "stderr", "build_stdout", "build_stderr")


async def run_events(response: httpx.Response, result: Type[RunResult]) -> AsyncIterator[RunEvent]:
    """The last one is of the kind `result`. Raises ReplError, also for a stream that ends without it."""
    async for event in told_events(response):
        try:
            told = _parsed(event, result)
        except ValueError as error:  # pydantic's and json's alike
            raise unexpected(response, f"The event {event.event} is not as expected: {error}") from error
        if told is not None:
            yield told


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
