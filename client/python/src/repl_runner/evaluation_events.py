"""Reads an evaluation that is told case by case."""

from __future__ import annotations

import json

import httpx

from .models.evaluation import Evaluation
from .refusal import unexpected
from .told_events import told_events


async def told_evaluation(response: httpx.Response) -> Evaluation:
    """Raises ReplError, also for a stream that ends without a result."""
    told = [event.data async for event in told_events(response) if event.event in ("case", "result")]
    try:
        *cases, result = map(json.loads, told)
        return Evaluation.model_validate({**result, "case_results": cases})
    except (ValueError, TypeError) as error:  # pydantic's and json's alike
        raise unexpected(response, f"The evaluation is not as expected: {error}") from error
