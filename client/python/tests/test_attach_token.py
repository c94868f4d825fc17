"""Attach tokens, as docs/protocol.md describes them."""

from __future__ import annotations

import os

import pytest
from conftest import Start

from repl_runner import ReplClient, TerminalClosedError, sign_attach_token

pytestmark = pytest.mark.anyio


def test_signs_what_the_protocol_page_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 1767225540.7)
    token = sign_attach_token(
        "an-example-secret--never-to-be-used", "runner-1.8a5c2f10-3b7e-4c6d-9e01-23456789abcd", role="owner"
    )
    assert token == "owner.1767225600.Ylx9lk2kG-CCiKN61rDohPK6o6YFdo1_oBgDPxL5mtw"


@pytest.mark.skipif("REPL_RUNNER_ATTACH_SECRETS" not in os.environ, reason="needs a secret of the runner")
async def test_opens_a_terminal_in_the_role_of_the_token(client: ReplClient, start: Start) -> None:
    session = await start()
    token = sign_attach_token(os.environ["REPL_RUNNER_ATTACH_SECRETS"], session.view_id, role="owner")
    async with client.attach(session.view_id, attach_token=token) as terminal:
        await terminal.read_until(">>> ")
        assert terminal.role == "owner"
        await terminal.send("6 * 7000\n")
        await terminal.read_until("42000")
    async with client.attach(session.id, attach_token=token) as terminal:
        with pytest.raises(TerminalClosedError) as caught:
            await terminal.read_until(">>> ")
        assert caught.value.code == "unauthorized"
