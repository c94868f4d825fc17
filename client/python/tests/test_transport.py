"""Retries, timeouts and strange answers, against a runner that is made up."""

from __future__ import annotations

from typing import Callable, List

import httpx
import pytest

from repl_runner import (
    InvalidRequestError,
    NotFoundError,
    ReplClient,
    ReplError,
    RunResult,
    UnavailableError,
    UnexpectedAnswerError,
    UnreachableError,
)

pytestmark = pytest.mark.anyio

Answer = Callable[[httpx.Request], httpx.Response]


class FakeRunner:
    """Gives the answers in turn, the last one again and again, and keeps the requests."""

    def __init__(self, *answers: Answer) -> None:
        self.requests: List[httpx.Request] = []
        self.waits: List[float] = []
        self._answers = answers

    def client(self) -> ReplClient:
        client = ReplClient("http://runner/app/", token="secret", transport=httpx.MockTransport(self._answer))
        client._transport._sleep = self._sleep
        return client

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        answer = self._answers[min(len(self.requests), len(self._answers) - 1)]
        self.requests.append(request)
        return answer(request)


def ok(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"languages": [{"name": "x", "title": "X", "version": "1", "newer": True}]})


def refusal(status: int, code: str, retryable: bool, wait: str = "2") -> Answer:
    body = {"error": {"code": code, "message": "No.", "retryable": retryable, "context": {"why": "so"}}}
    headers = {"X-Request-Id": "r1", "Retry-After": wait}
    return lambda _request: httpx.Response(status, json=body, headers=headers)


full = refusal(503, "capacity_exhausted", True)


async def test_repeats_what_may_succeed_later_after_the_time_that_the_runner_says() -> None:
    runner = FakeRunner(full, full, ok)
    assert [language.name for language in await runner.client().languages()] == ["x"]
    assert len(runner.requests) == 3
    assert all(2 <= wait < 3 for wait in runner.waits)


async def test_gives_up_after_some_repetitions() -> None:
    runner = FakeRunner(full)
    with pytest.raises(UnavailableError) as caught:
        await runner.client().languages()
    error = caught.value
    assert (len(runner.requests), error.code, error.status, error.retryable) == (3, "capacity_exhausted", 503, True)
    assert (error.context, error.request_id, error.retry_after) == ({"why": "so"}, "r1", 2.0)


async def test_does_not_wait_for_long() -> None:
    runner = FakeRunner(refusal(503, "draining", True, "3600"))
    with pytest.raises(UnavailableError):
        await runner.client().languages()
    assert (len(runner.requests), runner.waits) == (1, [])


async def test_repeats_nothing_that_would_be_done_twice() -> None:
    runner = FakeRunner(full)
    for call in (runner.client().create_session("python"), runner.client().signal("a.b", "SIGINT")):
        with pytest.raises(UnavailableError):
            await call
    with pytest.raises(UnavailableError):
        await runner.client().rename_file("a.b", "x", "y")
    assert len(runner.requests) == 3


@pytest.mark.parametrize(
    "status, code, kind",
    [(404, "session_unknown", NotFoundError), (410, "session_ended", NotFoundError), (413, "x", InvalidRequestError)],
)
async def test_repeats_nothing_that_will_fail_again(status: int, code: str, kind: type[ReplError]) -> None:
    runner = FakeRunner(refusal(status, code, False))
    with pytest.raises(kind):
        await runner.client().get_session("a.b")
    assert len(runner.requests) == 1


async def test_says_that_something_else_answers() -> None:
    for answer in (httpx.Response(502, text="<html>"), httpx.Response(200, text="hello"), httpx.Response(302)):
        with pytest.raises(UnexpectedAnswerError):
            await FakeRunner(lambda _request, answer=answer: answer).client().languages()  # type: ignore[misc]


async def test_takes_a_full_replica_s_readiness_as_an_answer() -> None:
    body = {"ready?": False, "replica": "a", "serves": [], "sessions": 1, "max_sessions": 1, "warm": {}, "code": "draining", "load": 0}
    runner = FakeRunner(lambda _request: httpx.Response(503, json=body))
    assert (await runner.client().ready()).ready is False


async def test_says_what_kept_an_answer_away() -> None:
    def late(_request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("late")

    def cut(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    for answer, code in ((late, "timeout"), (cut, "unreachable")):
        runner = FakeRunner(answer)
        with pytest.raises(UnreachableError) as caught:
            await runner.client().languages()
        assert (caught.value.code, len(runner.requests)) == (code, 1)


async def test_sends_the_token_and_whole_paths() -> None:
    runner = FakeRunner(lambda _request: httpx.Response(204))
    await runner.client().write_file("r.1", "a b/ü#?.py", "x", executable=True)
    (request,) = runner.requests
    assert request.headers["Authorization"] == "Bearer secret"
    assert request.url.raw_path == b"/app/repl/r.1/files/a%20b/%C3%BC%23%3F.py?executable=1"


@pytest.mark.parametrize("path", ["", "/etc/passwd", "a//b", "../../alive", "a/./b", "a/"])
async def test_refuses_paths_that_urls_resolve(path: str) -> None:
    runner = FakeRunner(ok)
    with pytest.raises(ValueError):
        await runner.client().read_file("r.1", path)
    assert runner.requests == []


def events(*chunks: str) -> Answer:
    return lambda _request: httpx.Response(200, text="".join(chunks), headers={"Content-Type": "text/event-stream"})


result = (
    'event: result\ndata: {"outcome":"ok","exit_code":0,"signal":null,"stdout":{"truncated":false},'
    '"stderr":{"truncated":false},"wall_ms":1,"cpu_ms":1,"max_rss_bytes":1,"build":null,"created":[],'
    '"changed":[],"deleted":[],"files_truncated":false}\n\n'
)


async def test_reads_a_stream_of_events() -> None:
    told = events(': still here\n\nevent: stdout\ndata: {"content":\ndata: "a"}\n\nevent: newer\ndata: {}\n\n', result)
    seen = [event async for event in FakeRunner(told).client().run_stream("r.1", command="x")]
    assert len(seen) == 2
    assert getattr(seen[0], "data") == b"a"
    assert isinstance(seen[1], RunResult)


async def test_splits_a_stream_at_its_line_ends_only() -> None:
    text = "next\u0085line\u2028paragraph\u2029end"
    told = events("event: stdout\r\ndata: ", '{"content":"' + text + '"}\r\n\r\n', result)
    seen = [event async for event in FakeRunner(told).client().run_stream("r.1", command="x")]
    assert getattr(seen[0], "data") == text.encode()


async def test_says_that_a_stream_was_cut_or_has_failed() -> None:
    failed = 'event: error\ndata: {"error":{"code":"sandbox_failed","message":"No.","retryable":true}}\n\n'
    for told, code in ((events("event: stdout\ndata: {}\n"), "unreachable"), (events(failed), "sandbox_failed")):
        with pytest.raises(ReplError) as caught:
            async for _ in FakeRunner(told).client().run_stream("r.1", command="x"):
                pass
        assert caught.value.code == code
