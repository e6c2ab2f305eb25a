"""Which programs use a station: each that opens it shares a lock of its folder, and what replaces
the station holds that lock alone.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tjugo.errors import Conflict
from tjugo.lock_file import Shared, exclusive
from tjugo.paths import DATABASE, DATABASE_ADDRESS, USE_LOCK


def begin(folder: Path) -> Shared:
    """Begin to use the station in a folder, until close(). Raise Unavailable while it is
    replaced."""
    busy = f"The station in {folder} is being replaced from a backup: try again in a minute."
    return Shared(folder / USE_LOCK, busy)


@contextmanager
def during(folder: Path) -> Iterator[None]:
    """Use the station in a folder while the block runs. Raise Unavailable as begin()."""
    with closing(begin(folder)):
        yield


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep every program from opening the station in a folder, where there is one, while the
    block runs. Raise Conflict when one has it open."""
    if not any((folder / name).exists() for name in (DATABASE, DATABASE_ADDRESS, USE_LOCK)):
        yield
        return
    busy = f"A program uses the station in {folder}. End it first."
    with exclusive(folder / USE_LOCK, busy, Conflict):
        yield
