"""Addresses of sessions and files under a runner's base URL."""

from __future__ import annotations

from urllib.parse import quote


def session_path(session_id: str, *more: str) -> str:
    return "/".join(["/repl", quote(session_id, safe=""), *more])


def file_path(session_id: str, path: str) -> str:
    """Raises ValueError for a path that a URL cannot carry: programs in between would resolve its dots."""
    segments = path.split("/")
    if any(segment in ("", ".", "..") for segment in segments):
        raise ValueError(f"{path!r} is no path of a file in a workspace.")
    return session_path(session_id, "files", *(quote(segment, safe="") for segment in segments))
