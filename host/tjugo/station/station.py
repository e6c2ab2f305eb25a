"""A station: its database, clock and keys, and the other objects that the services need."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from sqlalchemy.orm import Session

from tjugo import sta_tables, sts_fast
from tjugo.errors import NotFound, Unavailable, reason
from tjugo.lock_file import Shared
from tjugo.paths import DATABASE, SECRET_FILES, VENDING_KEYS
from tjugo.private_file import tighten
from tjugo.sealed_keys import Secret
from tjugo.station import clock as clock_guard
from tjugo.station import counters, creation, currency
from tjugo.station import use as station_use
from tjugo.station.keys import store as key_store
from tjugo.station.keys.backend import SoftBackend, TokenBackend
from tjugo.station.storage import create as new_files
from tjugo.station.storage import databases
from tjugo.station.storage.databases import PostgresDatabase, SqliteFile
from tjugo.station.storage.engine import make_private
from tjugo.station.storage.tables import Tenant
from tjugo.station.webhooks.known import Hooks
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
        database: SqliteFile | PostgresDatabase,
        backend: TokenBackend,
        clock: Clock,
        randbelow: Callable[[int], int],
        use: Shared,
    ) -> None:
        self.state_dir = state_dir
        self.path = state_dir / DATABASE
        self.tenant_id = DEFAULT_TENANT
        self.backend = backend
        self.clock = clock
        self.randbelow = randbelow
        self._seen = Seen()
        self._currency: str | None = None  # unknown until it stays
        self.hooks = Hooks()
        self.database = database
        self._engine = engine = database.open_engine()
        self._write_engine = engine.execution_options(immediate=True)
        self._bulk_engine = engine.execution_options(immediate=True, bulk=True)
        self._queue = database.queue()
        self._use = use

    @classmethod
    def create(
        cls,
        state_dir: str | Path,
        clock: Clock = utc_now,
        backend: TokenBackend | None = None,
        randbelow: Callable[[int], int] = secrets.randbelow,
        new_database: bool = False,
        database_url: str | None = None,
        keys_opened_by: Sequence[Secret] = (),
        sandbox: bool = False,
    ) -> Self:
        """Create a station (folder, database, tenant, sample vending keys) unless there is one,
        and open it. database_url: of an empty database on a PostgreSQL server; a file in the
        folder otherwise.

        Raise TjugoError with a sentence when it cannot; Unavailable when a part of a station is
        lost: meters would refuse tokens of new keys, and a new database would repeat TIDs.
        new_database: make a database beside vending keys; it issues no TID up to now plus MARGIN.
        keys_opened_by: the secrets that open the new vending keys; without any they are not
        sealed. sandbox: a new station is one to test programs with, for ever; Conflict for a
        station that is none.
        """
        folder = Path(state_dir)
        creation.ensure_files(
            folder,
            None if database_url is None else databases.parse(database_url),
            backend is None,
            clock() + new_files.MARGIN if new_database else None,
            keys_opened_by,
            sandbox,
            DEFAULT_TENANT,
        )
        station = cls.open(folder, clock, backend, randbelow)
        with station.view() as view:
            other = sandbox and not view.tenant.sandbox
        if other:
            station.close()
            raise reason(
                "station_exists",
                f"The station in {folder} is a real one, and stays one: make a sandbox in another "
                "folder.",
            )
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
        It is not replaced from a backup until it is closed.
        """
        sts_fast.register()
        folder = Path(state_dir)
        none = NotFound(f"There is no station in {folder}. `tjugo init` makes one.")
        if databases.of(folder) is None:
            raise none
        use = station_use.begin(folder)
        try:
            database = databases.of(folder)  # another one, when it was replaced in between
            if database is None:
                raise none
            return cls._opened(folder, database, clock, backend, randbelow, use)
        except BaseException:
            use.close()
            raise

    @classmethod
    def _opened(
        cls,
        folder: Path,
        database: SqliteFile | PostgresDatabase,
        clock: Clock,
        backend: TokenBackend | None,
        randbelow: Callable[[int], int],
        use: Shared,
    ) -> Self:
        if isinstance(database, SqliteFile):
            try:
                make_private(database.path)
            except OSError as error:
                sentence = f"{database.path} cannot be opened: {error.strerror}."
                raise Unavailable(sentence) from error
        tighten(folder, leave=SECRET_FILES)
        sta_tables.use(folder)
        if backend is None:
            key_store.finish(folder / VENDING_KEYS)
            backend = SoftBackend.load(folder / VENDING_KEYS)
        station = cls(folder, database, backend, clock, randbelow, use)
        try:
            with database.sentences():
                database.prepare(station._engine)
            station._ensure_tenant()
        except BaseException:
            station.close()
            raise
        return station

    @property
    def currency(self) -> str:
        """The utility's currency, ISO 4217. It stays as it is from the first sale on."""
        if self._currency is None:
            with self.view() as view:
                if not currency.stays(view):
                    return view.tenant.currency
                self._currency = view.tenant.currency
        return self._currency

    def _ensure_tenant(self) -> None:
        with self.view() as view:
            if view.session.get(Tenant, self.tenant_id) is not None:
                return
        with self.work("station") as work:
            work.session.merge(Tenant(tenant_id=self.tenant_id, name="Utility"))

    @contextmanager
    def view(self) -> Iterator[View]:
        """Begin a view of the database at one moment, for reading."""
        with self.database.sentences(), Session(self._engine) as session:
            yield View(session, self.tenant_id)

    @contextmanager
    def work(self, actor: str, bulk: bool = False) -> Iterator[Work]:
        """Begin a unit of work: one transaction, committed and on the disk when the block ends,
        rolled back when it raises.

        On SQLite it holds the write lock from the beginning; the lock is granted in the order of
        arrival. On PostgreSQL others work at the same time: lock the rows that a decision rests
        on. bulk: work that is repeated, such as readings; on SQLite it yields to all other work,
        and may be undone by a power failure. Raise Unavailable when a lock was not free in time.
        """
        engine = self._bulk_engine if bulk else self._write_engine
        turn = self._queue.turn(bulk) if self._queue else nullcontext()
        with (
            turn,
            self.database.sentences(),
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
                self.hooks,
            )
            yield work
            work.finish()
            counters.check_used(work)

    def count_rows(self) -> None:
        """Have the tables counted that grew. Raise TjugoError."""
        with self.database.sentences():
            self.database.count_rows(self._engine)

    def close(self) -> None:
        """Close the database."""
        self._engine.dispose()
        self._use.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
