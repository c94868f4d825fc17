"""What every group of calls stands on."""

from __future__ import annotations

from typing import Optional

from ..transport import Transport


class Calls:
    _transport: Transport
    _timeout: float
    _work_timeout: float

    def _work(self, timeout: Optional[float]) -> float:
        """Seconds for a call that waits for a sandbox or for a program."""
        return self._work_timeout if timeout is None else timeout
