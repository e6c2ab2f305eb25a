"""A station: its database, clock, keys, and what else the services need to work."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tjugo import sta_tables, sts_fast
from tjugo.errors import NotFound, TjugoError, Unavailable
from tjugo.paths import DATABASE, VENDING_KEYS
from tjugo.station.keys.backend import SoftBackend, TokenBackend
from tjugo.station.storage.engine import make_private, open_engine, sentences, upgrade
from tjugo.station.storage.tables import Tenant

DEFAULT_TENANT = 1

Clock = Callable[[], datetime]
"""Returns an aware datetime in UTC."""


def utc_now() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


class Station:
    """Open with `Station.open`. Safe to use from several threads, and beside other processes on
    the same state folder.

    randbelow: like `secrets.randbelow`; gives RND and delivery references.
    """

    def __init__(
        self,
        state_dir: Path,
        engine: Engine,
        backend: TokenBackend,
        clock: Clock,
        randbelow: Callable[[int], int],
    ) -> None:
        self.state_dir = state_dir
        self.path = state_dir / DATABASE
        self.tenant_id = DEFAULT_TENANT
        self.backend = backend
        self.clock = clock
        self.randbelow = randbelow
        self._engine = engine
        self._write_engine = engine.execution_options(immediate=True)

    @classmethod
    def open(
        cls,
        state_dir: str | Path,
        clock: Clock = utc_now,
        create: bool = False,
        backend: TokenBackend | None = None,
        randbelow: Callable[[int], int] = secrets.randbelow,
    ) -> Self:
        """Opens the station in a folder, upgrading its database where needed.

        create: makes folder, database, default tenant and sample vending keys where they are
        missing. Raises TjugoError with a sentence when it cannot.
        """
        sts_fast.register()
        folder = Path(state_dir)
        path = folder / DATABASE
        if create:
            _make_folder(folder)
        elif not path.is_file():
            raise NotFound(f"There is no station in {folder}. `tjugo init` makes one.")
        sta_tables.use(folder)
        if backend is None:
            if create:
                SoftBackend.create_sample(folder / VENDING_KEYS)
            backend = SoftBackend.load(folder / VENDING_KEYS)
        try:
            make_private(path)
        except OSError as error:
            raise Unavailable(f"{path} cannot be opened: {error.strerror}.") from error
        station = cls(folder, open_engine(path), backend, clock, randbelow)
        try:
            with sentences(path):
                upgrade(station._engine, path)
            station._ensure_tenant()
        except BaseException:
            station.close()
            raise
        return station

    def _ensure_tenant(self) -> None:
        with self.read() as session:
            if session.get(Tenant, self.tenant_id) is not None:
                return
        with self.write() as session:
            session.merge(Tenant(tenant_id=self.tenant_id, name="Utility"))

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one moment of the database."""
        with sentences(self.path), Session(self._engine) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that has the write lock from its beginning. Committed and on the disk when the
        block ends; rolled back when it raises."""
        with sentences(self.path), Session(self._write_engine) as session, session.begin():
            session.expire_on_commit = False
            yield session

    def close(self) -> None:
        """Closes the database."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError as error:
        raise TjugoError(f"{folder} is a file, not a folder.") from error
    except OSError as error:
        raise Unavailable(f"The folder {folder} cannot be made: {error.strerror}.") from error
