"""What a real runner says of itself, and of requests that are wrong."""

from __future__ import annotations

import re

import pytest

from repl_runner import InvalidRequestError, NotAllowedError, NotFoundError, ReplClient

pytestmark = pytest.mark.anyio


async def test_tells_of_itself(client: ReplClient) -> None:
    assert await client.alive()
    ready = await client.ready()
    assert ready.ready and ready.max_sessions > 0 and ready.replica in ready.serves
    assert await client.sha() == "test"
    assert "python" in [language.name for language in await client.languages()]
    assert "repl_runner_sessions" in await client.metrics()


async def test_has_a_method_for_every_call(client: ReplClient) -> None:
    document = await client.openapi()
    names = [call["operationId"] for path in document["paths"].values() for call in path.values()]
    assert "create_session" in names
    assert [name for name in names if not callable(getattr(ReplClient, name, None))] == []


async def test_refuses_a_wrong_token(base_url: str) -> None:
    async with ReplClient(base_url, token="wrong") as stranger:
        with pytest.raises(NotAllowedError) as caught:
            await stranger.languages()
        assert caught.value.code == "unauthorized"
        assert await stranger.alive()


async def test_says_all_that_is_wrong_with_a_request(client: ReplClient) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        await client.create_session("", env={"no name": ""})
    error = caught.value
    assert (error.code, error.status) == ("request_invalid", 422)
    assert len(error.context["problems"]) == 2
    assert re.fullmatch(r"[0-9a-f-]{36}", error.request_id or "")
    assert "request_invalid" in str(error)


async def test_says_that_there_is_no_such_session(client: ReplClient) -> None:
    for session_id in ("runner-1.none", "../../alive", "a/b?c#d"):
        with pytest.raises(NotFoundError) as caught:
            await client.get_session(session_id)
        assert caught.value.code == "session_unknown"
