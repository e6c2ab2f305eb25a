"""Which servers run for a station, and whether each has the vending keys locked: for programs that
ask from outside.

Each has a file named by its process id. The file is locked while the server runs: that of a
server that was killed is not.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tjugo.errors import Unavailable
from tjugo.lock_file import exclusive, held
from tjugo.paths import SERVERS
from tjugo.station.keys.backend import SoftBackend, TokenBackend

_LOCKED, _UNLOCKED = b"l", b"u"


@dataclass(frozen=True)
class Server:
    """A server that runs. keys_locked: None where that is not known."""

    pid: int
    keys_locked: bool | None


@contextmanager
def during(folder: Path, backend: TokenBackend) -> Iterator[None]:
    """Be a server of the station in a folder while the block runs, together with the processes
    that it forks. backend: the vending keys, whose state is told. Raise Unavailable when the
    folder cannot be used."""
    own = folder / SERVERS / str(os.getpid())
    try:
        own.parent.mkdir(mode=0o700, exist_ok=True)
        for old in own.parent.iterdir():
            if not held(old):
                old.unlink(missing_ok=True)
    except OSError as error:
        raise Unavailable(f"{own.parent} cannot be used: {error.strerror}.") from error

    def tell(locked: bool) -> None:
        file = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(file, _LOCKED if locked else _UNLOCKED)
        finally:
            os.close(file)

    with exclusive(own, f"Another server has {own}."):
        tell(backend.locked)
        if isinstance(backend, SoftBackend):
            backend.tell = tell
        try:
            yield
        finally:
            if isinstance(backend, SoftBackend):
                backend.tell = None
            own.unlink(missing_ok=True)


def servers(folder: Path) -> tuple[Server, ...]:
    """Return the servers that run for the station in a folder, by process id."""
    try:
        files = sorted((folder / SERVERS).iterdir())
    except OSError:
        return ()
    return tuple(
        Server(int(file.name), _state(file))
        for file in files
        if file.name.isdecimal() and held(file)
    )


def _state(file: Path) -> bool | None:
    try:
        found = file.read_bytes()
    except OSError:
        return None
    return {_LOCKED: True, _UNLOCKED: False}.get(found)
