"""
Signs attach tokens, on a host app's own server: whoever has one may open that terminal, in that role, until it expires. The
secret never goes to a browser; docs/protocol.md has the format.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from typing import Literal


def sign_attach_token(secret: str, session_id: str, *, role: Literal["owner", "viewer"], seconds: int = 60) -> str:
    """`secret` is one of the runners' REPL_RUNNER_ATTACH_SECRETS, `session_id` the session's `view_id` or its `id`: the
    terminal has to be opened by the same, within `seconds`, a day at most. One that is open stays open."""
    expires = int(time.time()) + seconds
    text = f"repl.attach.v1\n{session_id}\n{role}\n{expires}"
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
    return f"{role}.{expires}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"
