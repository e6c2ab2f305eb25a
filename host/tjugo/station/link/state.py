"""The link's state for other processes: a state file, and a lock held while the link runs.

The lock shows whether a link runs at all, without a clock or a process id.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tjugo import foreign_json, lock_file
from tjugo.errors import Unavailable
from tjugo.private_file import private_file

FORM, VERSION = "tjugo-link-state", 1
_FILE, _LOCK = "link.json", "link.lock"
_MOST_BYTES = 50_000_000


def save(state_dir: Path, content: dict[str, Any]) -> None:
    """Write the state, atomically. Raise Unavailable."""
    text = json.dumps({"form": FORM, "version": VERSION, **content})
    with private_file(state_dir / _FILE) as file:
        file.write(text.encode())


def load(state_dir: Path) -> dict[str, Any] | None:
    """Return the last state written; None if there is none. Raise Unavailable if it cannot be
    read, or if a newer version of Tjugo wrote it."""
    path = state_dir / _FILE
    try:
        with path.open("rb") as file:
            found = foreign_json.loads(file.read(_MOST_BYTES))
        if found["form"] != FORM:
            raise ValueError(found["form"])
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, TypeError, KeyError) as error:
        raise Unavailable(f"{path} is not the state of an MQTT link.") from error
    if found["version"] != VERSION:
        raise Unavailable(f"{path} was written by a newer version of Tjugo.")
    return dict(found)


@contextmanager
def hold(state_dir: Path) -> Iterator[None]:
    """Hold the lock of this station's link while the block runs. Raise TjugoError if another
    process holds it."""
    busy = f"Another program delivers tokens for the station in {state_dir} already."
    with lock_file.exclusive(state_dir / _LOCK, busy):
        yield


def held(state_dir: Path) -> bool:
    """Return whether a link runs for the station in this folder."""
    return lock_file.held(state_dir / _LOCK)
