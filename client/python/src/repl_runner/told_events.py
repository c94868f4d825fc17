"""An answer that is told by events to its end."""

from __future__ import annotations

from typing import AsyncIterator

import httpx

from .errors import UnreachableError
from .refusal import refusal_in
from .server_sent_events import ServerSentEvent, server_sent_events


async def told_events(response: httpx.Response) -> AsyncIterator[ServerSentEvent]:
    """The last one is `result`. Raises ReplError for the event `error`, and for a stream that ends before."""
    async for event in server_sent_events(response.aiter_bytes()):
        if event.event == "error":
            raise refusal_in(response, event.data)
        yield event
        if event.event == "result":
            return
    raise UnreachableError("The stream has ended before its result.", code="unreachable")
