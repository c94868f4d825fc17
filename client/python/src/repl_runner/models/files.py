"""Files of a session's workspace."""

from __future__ import annotations

from datetime import datetime
from typing import List, Literal, Optional

from .base import Answer


class FileEntry(Answer):
    path: str
    type: Literal["file", "directory", "symlink", "other"]
    size: int
    executable: bool
    modified_at: datetime
    target: Optional[str]


class Listing(Answer):
    entries: List[FileEntry]
    truncated: bool


class Unpacked(Answer):
    files: int
    bytes: int
