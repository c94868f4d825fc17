"""A client of the runner at REPL_RUNNER_URL, and sessions that are ended after their test."""

from __future__ import annotations

import os
from typing import AsyncIterator, Awaitable, Callable

import pytest

from repl_runner import OwnedSession, ReplClient

Start = Callable[..., Awaitable[OwnedSession]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def base_url() -> str:
    return os.environ["REPL_RUNNER_URL"]


@pytest.fixture
async def client(base_url: str) -> AsyncIterator[ReplClient]:
    async with ReplClient(base_url, token=os.environ.get("REPL_RUNNER_API_TOKEN")) as client:
        yield client


@pytest.fixture
async def start(client: ReplClient) -> AsyncIterator[Start]:
    started = []

    async def start_session(**options: object) -> OwnedSession:
        session = await client.create_session("python", **options)  # type: ignore[arg-type]
        started.append(session.id)
        return session

    yield start_session
    for session_id in started:
        await client.delete_session(session_id)
