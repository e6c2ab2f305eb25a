"""The files of a station with secrets, which a backup encrypts. A damaged one is refused: a backup
with it would be taken for a good one until it is needed."""

from collections.abc import Callable, Mapping
from pathlib import Path

from tjugo import key_file, people_key, sta_tables
from tjugo.errors import TjugoError, Unavailable
from tjugo.paths import PEOPLE_KEY, STA_TABLES, VENDING_KEYS

_CHECKS: dict[str, Callable[[bytes, Path], object]] = {
    VENDING_KEYS: key_file.parse,
    STA_TABLES: sta_tables.stored,
    PEOPLE_KEY: people_key.parse,
}
NAMES = tuple(_CHECKS)


def read(folder: Path) -> dict[str, bytes]:
    """Return the contents of those that a station has. Raise Unavailable when one is damaged."""
    found = {}
    for name, check in _CHECKS.items():
        path = folder / name
        try:
            if path.exists():
                found[name] = path.read_bytes()
                check(found[name], path)
        except OSError as error:
            raise Unavailable(f"{path} cannot be read: {error.strerror}.") from error
        except TjugoError as error:
            raise Unavailable(f"{error.message} No backup is made.") from None
    return found


def check(contents: Mapping[str, bytes], file: Path) -> None:
    """Raise Unavailable when a file of the backup in `file` is damaged."""
    for name, content in contents.items():
        try:
            _CHECKS[name](content, Path(name))
        except TjugoError as error:
            raise Unavailable(
                f"In the backup {file}: {error.message} Nothing is restored; take another backup."
            ) from None
