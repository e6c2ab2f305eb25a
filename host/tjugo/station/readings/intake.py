"""Reports of collectors into the database: readings of meters, and about the collectors.

Reports come in batches. A batch is checked in a read transaction; what is left is written in a few
short transactions, between which a sale gets its turn.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from tjugo.station.station import Station
from tjugo.station.storage.tables import Collector, Meter, MeterReading
from uplink import messages

Value = int | bool | str | None

_COLUMNS = tuple(column for column, _, _ in messages.columns("state"))
_LOOKUP = 500  # values in one IN (...)
_COMMIT = 1000  # readings in one transaction: a sale waits for no more than that


@dataclass(frozen=True)
class CollectorStatus:
    """online: as the collector, or its last will at the broker, reported it."""

    collector_id: str
    online: bool


@dataclass(frozen=True)
class CollectorAbout:
    """version: of its firmware. crash: its last crash report, None without one."""

    collector_id: str
    version: str | None
    crash: str | None


@dataclass(frozen=True)
class Reading:
    """values: the columns of meter_reading besides `at` and `online`; None is unknown."""

    collector_id: str
    drn: str
    at: datetime | None
    online: bool
    values: dict[str, Value]


Report = Reading | CollectorStatus | CollectorAbout


@dataclass(frozen=True)
class Stored:
    """collectors: the ids that are registered. strangers: reports of collectors that are not.
    foreign: readings of meters that the collector does not serve."""

    collectors: frozenset[str] = frozenset()
    strangers: list[Report] = field(default_factory=list)
    foreign: list[Reading] = field(default_factory=list)


def collectors(station: Station) -> frozenset[str]:
    """Return the ids of the registered collectors."""
    with station.read() as session:
        return _collectors(station, session)


def store(station: Station, reports: Sequence[Report]) -> Stored:
    """Record reports: the latest of each meter and collector counts. Return which were not taken.
    Raise TjugoError when the database cannot be used."""
    with station.read() as session:
        stored = Stored(_collectors(station, session))
        served = _served(station, session, [r.drn for r in reports if isinstance(r, Reading)])
    readings: dict[str, Reading] = {}
    others: list[CollectorStatus | CollectorAbout] = []
    for report in reports:
        if report.collector_id not in stored.collectors:
            stored.strangers.append(report)
        elif not isinstance(report, Reading):
            others.append(report)
        elif served.get(report.drn) != report.collector_id:
            stored.foreign.append(report)
        else:
            readings[report.drn] = report
    if others:
        _write_collectors(station, others)
    for start in range(0, len(readings), _COMMIT):
        _write_readings(station, list(readings.values())[start : start + _COMMIT])
    return stored


def _collectors(station: Station, session: Session) -> frozenset[str]:
    query = select(Collector.collector_id).where(Collector.tenant_id == station.tenant_id)
    return frozenset(session.scalars(query))


def _served(station: Station, session: Session, drns: list[str]) -> dict[str, str | None]:
    """Return {DRN: its collector} of the meters that are registered."""
    query = select(Meter.drn, Meter.collector_id).where(Meter.tenant_id == station.tenant_id)
    found: dict[str, str | None] = {}
    for chunk in _chunks(sorted(set(drns))):
        for drn, collector_id in session.execute(query.where(Meter.drn.in_(chunk))):
            found[drn] = collector_id
    return found


def _chunks(drns: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(drns), _LOOKUP):
        yield drns[start : start + _LOOKUP]


def _write_collectors(station: Station, reports: list[CollectorStatus | CollectorAbout]) -> None:
    now = station.clock()
    with station.write() as session:
        for report in reports:
            row = session.get_one(Collector, (station.tenant_id, report.collector_id))
            if isinstance(report, CollectorAbout):
                row.version, row.crash = report.version, report.crash
            else:
                row.online, row.status_at = report.online, now


def _write_readings(station: Station, readings: list[Reading]) -> None:
    rows = {reading.drn: _row(station, reading) for reading in readings}
    query = select(MeterReading.drn).where(MeterReading.tenant_id == station.tenant_id)
    with station.write() as session:
        there: set[str] = set()
        for chunk in _chunks(sorted(rows)):
            there.update(session.scalars(query.where(MeterReading.drn.in_(chunk))))
        old = [row for drn, row in rows.items() if drn in there]
        new = [row for drn, row in rows.items() if drn not in there]
        if old:
            session.execute(update(MeterReading), old)
        if new:
            session.execute(insert(MeterReading), new)


def _row(station: Station, reading: Reading) -> dict[str, Any]:
    row: dict[str, Any] = {column: reading.values.get(column) for column in _COLUMNS}
    return {
        **row,
        "tenant_id": station.tenant_id,
        "drn": reading.drn,
        "received_at": station.clock(),
        "at": reading.at,
        "online": reading.online,
    }
