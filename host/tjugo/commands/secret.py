"""Passwords and passphrases from a file or standard input, never from the command line."""

import os
import stat
import sys
from pathlib import Path

from tjugo.errors import TjugoError

_MOST_BYTES = 4096


def read_secret(path: Path, what: str) -> str:
    """Return the first line of a file, of standard input for `-`. what: `password`, for errors.

    Raise TjugoError if there is none, or if others may read the file.
    """
    if str(path) == "-":
        return _first_line(sys.stdin.buffer.read(_MOST_BYTES + 1), "Standard input", what)
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise TjugoError(f"{path} cannot be read: {error.strerror}.", 2) from error
    if os.name == "posix" and stat.S_ISREG(mode) and mode & 0o077:
        raise TjugoError(f"Others may read the {what}: run `chmod 600 {path}`.", 2)
    return _first_line(content, str(path), what)


def _first_line(content: bytes, name: str, what: str) -> str:
    if len(content) > _MOST_BYTES:
        raise TjugoError(f"{name} is too long for a {what}.", 2)
    line = content.split(b"\n", 1)[0].rstrip(b"\r")
    try:
        text = line.decode()
    except UnicodeDecodeError:
        # `from None`: the text of the error would quote the secret.
        raise TjugoError(f"{name} is not text in UTF-8.", 2) from None
    if not text:
        raise TjugoError(f"{name} has no {what} in its first line.", 2)
    return text
