"""Reads a stream of server-sent events, by the rules of the HTML standard; what is cut off in the middle is dropped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import AsyncIterator, List


@dataclass(frozen=True)
class ServerSentEvent:
    event: str
    data: str


async def server_sent_events(chunks: AsyncIterator[bytes]) -> AsyncIterator[ServerSentEvent]:
    name = ""
    data: List[str] = []
    async for line in _lines(chunks):
        if line == "":
            if data:
                yield ServerSentEvent(name or "message", "\n".join(data))
            name, data = "", []
            continue
        field, _, value = line.partition(":")
        value = value[1:] if value.startswith(" ") else value
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[str]:
    """Whole lines. `str.splitlines`, and with it httpx' `aiter_lines`, would also cut at U+2028 within a text."""
    rest = b""
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.removesuffix(b"\r").decode(errors="replace")
