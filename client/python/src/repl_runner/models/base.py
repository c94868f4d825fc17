"""What all models have in common."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class Answer(BaseModel):
    """From the runner. What a newer one says beside is ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)


class Request(BaseModel):
    """To the runner. A misspelt field is refused here already."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def body(self) -> dict[str, Any]:
        """Its JSON, without what was not given."""
        return self.model_dump(mode="json", exclude_none=True)
