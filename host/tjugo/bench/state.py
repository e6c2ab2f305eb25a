"""The bench's own folder: its mark, its lock (one bench at a time), and its saved supply time."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tjugo.errors import TjugoError, Unavailable

_LOCK = "bench.lock"
_CLOCK = "clock.json"
_MARK = "bench.json"  # marks the folder as a bench's
_FORM = {"bench": 1}


@contextmanager
def claim(folder: Path) -> Iterator[None]:
    """Make the folder and lock it for this process.

    Raise TjugoError when another bench has it, or when it is not a bench's: customers, meters and
    keys of a station would be mixed with the bench's.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Unavailable(f"The folder {folder} cannot be used: {error.strerror}.") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise TjugoError(
            f"Another bench uses the folder {folder}. Stop it, or choose another with --state."
        ) from error
    try:
        _require_own(folder)
        yield
    finally:
        os.close(lock)


def _require_own(folder: Path) -> None:
    mark = folder / _MARK
    if mark.exists():
        return
    if any(path.name != _LOCK for path in folder.iterdir()):
        (folder / _LOCK).unlink(missing_ok=True)
        raise TjugoError(
            f"The folder {folder} is not a bench's: it may be a station's. Choose another with "
            f"--state; if a bench of an earlier version made it, put an empty {_MARK} into it."
        )
    write_private(mark, _FORM)


def write_private(path: Path, value: Any) -> None:
    """JSON, readable by its owner only, written to a new file and renamed. Raises Unavailable."""
    new = path.with_name(path.name + ".new")
    try:
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            os.fchmod(handle, 0o600)
            json.dump(value, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        raise Unavailable(f"{path} cannot be written: {error.strerror}.") from error


def read_json(path: Path) -> Any:
    """Return the contents of a JSON file, None when it does not exist or is not JSON."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def saved_clock(folder: Path) -> float:
    """Return supply time when the bench last stopped, seconds since 1970; 0 when it never ran."""
    value = read_json(folder / _CLOCK)
    return float(value) if isinstance(value, int | float) else 0.0


def save_clock(folder: Path, unix: float) -> None:
    """Save supply time, seconds since 1970. Raise Unavailable."""
    write_private(folder / _CLOCK, int(unix))
