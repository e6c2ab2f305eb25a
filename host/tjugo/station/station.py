"""A station: its database, clock and keys, and the other objects that the services need."""

import functools
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tjugo import sta_tables, sts_fast
from tjugo.errors import NotFound, TjugoError, Unavailable
from tjugo.lock_file import waiting
from tjugo.paths import DATABASE, VENDING_KEYS
from tjugo.private_file import tighten
from tjugo.station import clock as clock_guard
from tjugo.station.keys.backend import SoftBackend, TokenBackend
from tjugo.station.storage import create as new_files
from tjugo.station.storage import engine as storage
from tjugo.station.storage.queue import WriteQueue
from tjugo.station.storage.tables import Tenant
from tjugo.station.work import Seen, View, Work

DEFAULT_TENANT = 1

Clock = Callable[[], datetime]
"""Returns an aware datetime in UTC."""


def utc_now() -> datetime:
    """Return the machine's time."""
    return datetime.now(UTC)


class Station:
    """A station on a state folder; open it with `Station.open`, create it with `Station.create`.

    Safe for several threads, and beside other processes on the same state folder. randbelow: like
    `secrets.randbelow`; used for RND and delivery references.
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
        self._seen = Seen()
        self._engine = engine
        self._write_engine = engine.execution_options(immediate=True)
        self._bulk_engine = engine.execution_options(immediate=True, bulk=True)
        # One writer at a time is SQLite's rule; other databases lock rows.
        sqlite = engine.dialect.name == "sqlite"
        self._queue = WriteQueue(storage.BUSY_MS / 1000) if sqlite else None

    @classmethod
    def create(
        cls,
        state_dir: str | Path,
        clock: Clock = utc_now,
        backend: TokenBackend | None = None,
        randbelow: Callable[[int], int] = secrets.randbelow,
        new_database: bool = False,
    ) -> Self:
        """Create a station (folder, database, tenant, sample vending keys) unless there is one,
        and open it.

        Raise TjugoError with a sentence when it cannot; Unavailable when a part of a station is
        lost: meters would refuse tokens of new keys, and a new database would repeat TIDs.
        new_database: make a database beside vending keys; it issues no TID up to now plus MARGIN.
        """
        folder = Path(state_dir)
        _make_folder(folder)
        with waiting(folder):
            if (folder / DATABASE).exists():
                if backend is None and not (folder / VENDING_KEYS).exists():
                    raise Unavailable(
                        f"The vending key file {folder / VENDING_KEYS} is missing. Restore it: "
                        "tokens made with new keys would be refused by the meters."
                    )
            else:
                floor = clock() + new_files.MARGIN if new_database else None
                _make_files(folder, backend is None, floor)
        station = cls.open(folder, clock, backend, randbelow)
        with station.work("init") as work:
            clock_guard.begin(work)
        return station

    @classmethod
    def open(
        cls,
        state_dir: str | Path,
        clock: Clock = utc_now,
        backend: TokenBackend | None = None,
        randbelow: Callable[[int], int] = secrets.randbelow,
    ) -> Self:
        """Open the station in a folder, upgrading its database where needed.

        Raise NotFound when there is none, TjugoError with a sentence when it cannot be opened.
        """
        sts_fast.register()
        folder = Path(state_dir)
        path = folder / DATABASE
        if not path.is_file():
            raise NotFound(f"There is no station in {folder}. `tjugo init` makes one.")
        sta_tables.use(folder)
        if backend is None:
            backend = SoftBackend.load(folder / VENDING_KEYS)
        try:
            storage.make_private(path)
        except OSError as error:
            raise Unavailable(f"{path} cannot be opened: {error.strerror}.") from error
        tighten(folder)
        station = cls(folder, storage.open_engine(path), backend, clock, randbelow)
        try:
            with storage.sentences(path):
                storage.check(station._engine, path)
                storage.upgrade(station._engine, path)
            station._ensure_tenant()
        except BaseException:
            station.close()
            raise
        return station

    @functools.cached_property
    def currency(self) -> str:
        """The utility's currency, ISO 4217. It does not change while the station is open."""
        with self.view() as view:
            return view.session.get_one(Tenant, self.tenant_id).currency

    def _ensure_tenant(self) -> None:
        with self.view() as view:
            if view.session.get(Tenant, self.tenant_id) is not None:
                return
        with self.work("station") as work:
            work.session.merge(Tenant(tenant_id=self.tenant_id, name="Utility"))

    @contextmanager
    def view(self) -> Iterator[View]:
        """Begin a view of the database at one moment, for reading."""
        with storage.sentences(self.path), Session(self._engine) as session:
            yield View(session, self.tenant_id)

    @contextmanager
    def work(self, actor: str, bulk: bool = False) -> Iterator[Work]:
        """Begin a unit of work: one transaction, committed and on the disk when the block ends,
        rolled back when it raises.

        On SQLite it holds the write lock from the beginning; the lock is granted in the order of
        arrival. bulk: work that is repeated, such as readings; it yields to all other work, and
        may be undone by a power failure. Raise Unavailable when the lock was not free in time.
        """
        engine = self._bulk_engine if bulk else self._write_engine
        turn = self._queue.turn(bulk) if self._queue else nullcontext()
        with (
            turn,
            storage.sentences(self.path),
            Session(engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            work = Work(
                session,
                self.tenant_id,
                actor,
                self.clock,
                self.backend,
                self.randbelow,
                self._seen,
            )
            yield work
            work.finish()

    def close(self) -> None:
        """Close the database."""
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


def _make_files(folder: Path, with_keys: bool, tid_floor: datetime | None) -> None:
    """Make database and vending keys. Raise Unavailable when there are those of a lost station."""
    database, keys = folder / DATABASE, folder / VENDING_KEYS
    log = Path(f"{database}-wal")
    if log.exists():
        raise Unavailable(
            f"The database {database} is missing, but its log {log} is there: restore it from a "
            "backup, or move the log to another folder."
        )
    unfinished = new_files.unfinished(database).exists()
    if keys.exists() and not unfinished and tid_floor is None:
        raise Unavailable(
            f"The database {database} is missing beside {keys}: restore it from a backup. Without "
            "a backup, `tjugo init --new-database` makes an empty one, whose TIDs begin tomorrow."
        )
    new_files.begin_database(database)
    if with_keys:
        SoftBackend.create_sample(keys)
    new_files.finish_database(database, DEFAULT_TENANT, tid_floor)
