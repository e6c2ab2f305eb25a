"""The doctor: gathers the facts of a station, changing nothing, and has them checked."""

import os
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from tjugo import certificate as certificates
from tjugo.errors import TjugoError
from tjugo.paths import PEOPLE_KEY
from tjugo.private_file import shared_files
from tjugo.sealed_keys import Secret
from tjugo.station import clock as clock_guard
from tjugo.station.audit import chain
from tjugo.station.backup import service as backup
from tjugo.station.health import books, checks, tokens
from tjugo.station.health.checks import FAIL, Check
from tjugo.station.keys import views as key_views
from tjugo.station.keys.backend import SoftBackend
from tjugo.station.ledger import verify
from tjugo.station.link import views as link_views
from tjugo.station.operators import people
from tjugo.station.setup import utility
from tjugo.station.setup.service import TRIAL
from tjugo.station.station import Station
from tjugo.station.storage import databases
from tjugo.station.storage import engine as storage
from tjugo.station.storage.databases import PostgresDatabase, SqliteFile
from tjugo.station.storage.tables import Meter, MeterTariff
from tjugo.station.tariffs.effect import in_effect
from tjugo.station.vending import sales_check

Gather = Callable[[], list[Check]]
FindSecret = Callable[[], Secret | None]


def examine(
    folder: Path,
    now: datetime,
    full: bool = False,
    secret: FindSecret = lambda: None,
    certificate: Path | None = None,
) -> list[Check]:
    """Return the lines of the doctor's page. full: check every page, event and entry; secret:
    returns that of the vending keys, which is tried and does not unlock a running station;
    certificate: its file, by default the self-signed one in the folder."""
    if not folder.is_dir():
        return [Check(FAIL, "folder", f"There is no station in {folder}. `tjugo init` makes one.")]
    # Before the station is opened, which removes permissions and upgrades the schema.
    found = _of("disk", lambda: checks.disk(shutil.disk_usage(folder).free))
    found += _of("folder", lambda: _folder(folder))
    found += _of("certificate", lambda: _certificate(folder, certificate, now))
    found += _of("backup", lambda: checks.backup(backup.last(folder), now))
    schema = _of("database", lambda: _schema(folder))
    if schema:
        return found + schema
    try:
        station = Station.open(folder)
    except TjugoError as error:
        return [*found, Check(FAIL, "database", error.message)]
    with station:
        for what, gather in _inside(station, now, full, secret).items():
            found += _of(what, gather)
    return found


def _of(what: str, gather: Gather) -> list[Check]:
    """Return what was gathered, or the reason why it could not be."""
    try:
        return gather()
    except TjugoError as error:
        return [Check(FAIL, what, error.message)]
    except OSError as error:
        return [Check(FAIL, what, f"{error.filename or what} cannot be read: {error.strerror}.")]


def _inside(station: Station, now: datetime, full: bool, secret: FindSecret) -> dict[str, Gather]:
    return {
        "database": lambda: _database(station, full),
        "clock": lambda: _clock(station, now),
        "keys": lambda: _keys(station, now, secret),
        "utility": lambda: _utility(station),
        "tariff": lambda: _tariffs(station, now),
        "operators": lambda: _operators(station),
        "audit": lambda: _audit(station, full),
        "ledger": lambda: _ledger(station, full),
        "tokens": lambda: _tokens(station, full),
        "sales": lambda: _sales(station, full),
        "link": lambda: checks.link(link_views.status(station)),
        "collectors": lambda: collectors(station),
    }


def _folder(folder: Path) -> list[Check]:
    status = folder.stat()
    mine = status.st_uid == os.getuid()
    return checks.folder(str(folder), status.st_mode, mine, shared_files(folder))


def _certificate(folder: Path, given: Path | None, now: datetime) -> list[Check]:
    file = given or folder / certificates.FILE
    if given is None and not file.exists():
        return checks.certificate(None, now)
    return checks.certificate(certificates.shown(file)[2], now)


def _schema(folder: Path) -> list[Check]:
    database = databases.of(folder)
    if database is None:
        return [Check(FAIL, "database", f"There is no station in {folder}.")]
    with databases.opened(database) as engine, engine.connect() as connection:
        found = storage.schema_of(connection)
    return checks.schema(database.name, found, storage.SCHEMA)


def _database(station: Station, full: bool) -> list[Check]:
    database, wrong = station.database, None
    if isinstance(database, PostgresDatabase):
        with station.view() as view:
            version = view.session.connection().exec_driver_sql("SHOW server_version").scalar()
        return checks.database(f"PostgreSQL {version}, {database.name}", storage.SCHEMA, wrong)
    if full:
        wrong = _damage(station)
    return checks.database(_file(database), storage.SCHEMA, wrong)


def _file(database: SqliteFile) -> str:
    size = database.path.stat().st_size
    return f"SQLite, {database.name}, {size / 10**6:.1f} MB"


def _damage(station: Station) -> list[str]:
    """Return what SQLite's whole check finds: pages, indexes, foreign keys."""
    with station.view() as view:
        connection = view.session.connection()
        rows = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
        loose = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    wrong = [str(row) for row in rows if row != "ok"]
    return wrong + [
        f"a row of {row[0]} refers to one of {row[2]} that is missing" for row in loose
    ]


def _clock(station: Station, now: datetime) -> list[Check]:
    with station.view() as view:
        return checks.clock(clock_guard.state(view, now), now)


def _keys(station: Station, now: datetime, secret: FindSecret) -> list[Check]:
    backend = station.backend
    if isinstance(backend, SoftBackend) and backend.locked:
        found = secret()
        if found is not None:
            backend.unlock(found)
    with station.view() as view:
        shown = key_views.keys(view, backend, now)
    return checks.keys(shown, all(key.sample for key in shown.keys))


def _utility(station: Station) -> list[Check]:
    with station.view() as view:
        found = utility.of(view)
    return checks.utility(found.name, TRIAL.name, found.address, found.tax_no)


def _tariffs(station: Station, now: datetime) -> list[Check]:
    with station.view() as view:
        default = view.tenant.default_tariff
        query = select(MeterTariff.tariff).distinct()
        current = query.where(
            MeterTariff.tenant_id == view.tenant_id,
            MeterTariff.since <= now,
            MeterTariff.until.is_(None) | (MeterTariff.until > now),
        )
        codes = {*view.session.scalars(current), *([default] if default else [])}
        return checks.tariffs(
            default, {code: in_effect(view, code, now) is not None for code in sorted(codes)}
        )


def _operators(station: Station) -> list[Check]:
    with station.view() as view:
        rows = people.operators(view)
    return checks.operators(rows, (station.state_dir / PEOPLE_KEY).exists())


def _audit(station: Station, full: bool) -> list[Check]:
    with station.view() as view:
        count, wrong = chain.verify(view) if full else (chain.head(view)[0], None)
    return checks.counted("audit", "events", count, wrong)


def _ledger(station: Station, full: bool) -> list[Check]:
    with station.view() as view:
        count, wrong = verify.entries(view), books.verify(view) if full else None
    return checks.counted("ledger", "entries", count, wrong)


def _tokens(station: Station, full: bool) -> list[Check]:
    if not full:  # to count them takes as long as to read them
        return []
    with station.view() as view:
        count, wrong = tokens.damaged(view)
    return checks.counted("tokens", "tokens", count, wrong)


def _sales(station: Station, full: bool) -> list[Check]:
    if not full:
        return []
    with station.view() as view:
        count, wrong = sales_check.damaged(view)
    return checks.counted("sales", "sales", count, wrong)


def collectors(station: Station) -> list[Check]:
    """Check the names of the collectors that serve meters."""
    query = select(Meter.collector_id).distinct().order_by(Meter.collector_id)
    query = query.where(Meter.tenant_id == station.tenant_id, Meter.collector_id.is_not(None))
    with station.view() as view:
        return checks.collectors([name for name in view.session.scalars(query) if name])
