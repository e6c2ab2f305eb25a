"""Files that were uploaded and are not imported yet: checked and mapped first, then imported or
left. They are private, and removed after a day."""

import re
import secrets
import time
from pathlib import Path

from tjugo.errors import reason
from tjugo.private_file import private_file

_FOLDER = "uploads"
_UPLOAD = re.compile(r"[0-9a-f]{32}")
_KEPT_S = 24 * 3600


def save(state_dir: Path, content: bytes) -> str:
    """Keep a file; return its id. Raise Unavailable when it cannot be written."""
    folder = state_dir / _FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    for path in folder.iterdir():
        if path.stat().st_mtime < time.time() - _KEPT_S:
            path.unlink(missing_ok=True)
    upload = secrets.token_hex(16)
    with private_file(folder / upload) as file:
        file.write(content)
    return upload


def load(state_dir: Path, upload: str) -> bytes:
    """Return the file with this id. Raise TjugoError when it is gone."""
    path = state_dir / _FOLDER / upload
    if not _UPLOAD.fullmatch(upload) or not path.is_file():
        raise reason("file_invalid", "The file is no longer here: choose it again.")
    return path.read_bytes()


def remove(state_dir: Path, upload: str) -> None:
    """Remove a file that is imported."""
    if _UPLOAD.fullmatch(upload):
        (state_dir / _FOLDER / upload).unlink(missing_ok=True)
