"""The bench's own folder: its mark, its lock (one bench at a time), and its saved supply time."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tjugo import foreign_json
from tjugo.errors import TjugoError, Unavailable
from tjugo.lock_file import exclusive
from tjugo.private_file import private_file

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
    except OSError as error:
        raise Unavailable(f"The folder {folder} cannot be used: {error.strerror}.") from error
    busy = f"Another bench uses the folder {folder}. Stop it, or choose another with --state."
    with exclusive(folder / _LOCK, busy):
        _require_own(folder)
        yield


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
    """Write JSON to a file of mode 0600, atomically. Raise Unavailable."""
    with private_file(path) as file:
        file.write(json.dumps(value).encode())


def read_json(path: Path) -> Any:
    """Return the contents of a JSON file, None when it does not exist or is not JSON."""
    try:
        return foreign_json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def saved_clock(folder: Path) -> float:
    """Return supply time when the bench last stopped, seconds since 1970; 0 when it never ran."""
    value = read_json(folder / _CLOCK)
    return float(value) if isinstance(value, int | float) else 0.0


def save_clock(folder: Path, unix: float) -> None:
    """Save supply time, seconds since 1970. Raise Unavailable."""
    write_private(folder / _CLOCK, int(unix))
