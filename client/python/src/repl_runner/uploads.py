"""Bodies that carry files: JSON with contents by path, or a form with an archive."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any, Dict, Optional, Union

from .models.base import Request
from .models.session import EncodedFile, FileContent, Files

GZIP = b"\x1f\x8b"


def json_files(files: Optional[Files]) -> Optional[Dict[str, Union[str, EncodedFile]]]:
    return None if files is None else {path: _json_file(content) for path, content in files.items()}


def _json_file(content: FileContent) -> Union[str, EncodedFile]:
    return EncodedFile(base64=b64encode(content).decode()) if isinstance(content, bytes) else content


def upload(options: Request, archive: Optional[bytes]) -> Dict[str, Any]:
    """What httpx is to send: a form where there is an archive (a tar, gzipped or not), otherwise JSON."""
    if archive is None:
        return {"json": options.body()}
    return {
        "files": {
            "archive": ("archive", archive, "application/octet-stream"),
            "options": (None, json.dumps(options.body()), "application/json"),
        }
    }


def archive_type(archive: bytes) -> str:
    return "application/gzip" if archive.startswith(GZIP) else "application/x-tar"
