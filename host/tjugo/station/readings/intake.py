"""Reports of collectors: which are accepted, and their record.

Reports come in batches, which the caller divides into portions: each is judged and recorded in one
unit of work.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import select

from meterbus import codes
from tjugo.station.readings import alarms
from tjugo.station.readings.columns import columns
from tjugo.station.storage.bulk import upsert
from tjugo.station.storage.chunks import chunks
from tjugo.station.storage.moments import iso
from tjugo.station.storage.tables import Collector, Meter, MeterReading
from tjugo.station.webhooks import outbox
from tjugo.station.work import View, Work
from uplink.descriptions import names_of

Value = int | bool | str | None

_UNKNOWN = dict.fromkeys(column for column, _, _ in columns("state"))


@dataclass(frozen=True)
class CollectorStatus:
    """The status of a collector. online: as reported by the collector, or by its last will at the
    broker."""

    collector_id: str
    online: bool


@dataclass(frozen=True)
class CollectorAbout:
    """A collector's description. version: of its firmware. crash: its last crash report, or
    None."""

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
class Judged:
    """Reports sorted by acceptance. readings: the latest of each meter that its collector serves.
    collectors: of registered ones. strangers: reports of collectors that are not registered.
    foreign: readings of meters that the collector does not serve."""

    readings: list[Reading] = field(default_factory=list)
    collectors: list[CollectorStatus | CollectorAbout] = field(default_factory=list)
    strangers: list[Report] = field(default_factory=list)
    foreign: list[Reading] = field(default_factory=list)

    def add(self, other: "Judged") -> None:
        """Add the reports of another portion."""
        self.readings.extend(other.readings)
        self.collectors.extend(other.collectors)
        self.strangers.extend(other.strangers)
        self.foreign.extend(other.foreign)


def collectors(view: View) -> frozenset[str]:
    """Return the ids of the registered collectors."""
    query = select(Collector.collector_id).where(Collector.tenant_id == view.tenant_id)
    return frozenset(view.session.scalars(query))


def judge(view: View, reports: Sequence[Report]) -> Judged:
    """Return which reports are to be recorded, and which are not accepted."""
    registered = collectors(view)
    served = _served(view, [r.drn for r in reports if isinstance(r, Reading)])
    judged, readings = Judged(), {}
    for report in reports:
        if report.collector_id not in registered:
            judged.strangers.append(report)
        elif not isinstance(report, Reading):
            judged.collectors.append(report)
        elif served.get(report.drn) != report.collector_id:
            judged.foreign.append(report)
        else:
            readings[report.drn] = report
    judged.readings.extend(readings.values())
    return judged


def record_collectors(work: Work, reports: Sequence[CollectorStatus | CollectorAbout]) -> None:
    """Record what registered collectors report about themselves."""
    for report in reports:
        row = work.session.get_one(Collector, (work.tenant_id, report.collector_id))
        if isinstance(report, CollectorAbout):
            row.version, row.crash = report.version, report.crash
        else:
            row.online, row.status_at = report.online, work.now()


def record_readings(work: Work, readings: Sequence[Reading]) -> None:
    """Record the latest readings of registered meters, one reading per meter."""
    fixed = {**_UNKNOWN, "tenant_id": work.tenant_id, "received_at": work.now()}
    rows = [{**fixed, **r.values, "drn": r.drn, "at": r.at, "online": r.online} for r in readings]
    for row in rows:
        row["alarms"] = alarms.of(row)
    _notify(work, [row for row in rows if row["alarms"]])
    upsert(work.session, MeterReading, rows)


def _notify(work: Work, rows: Sequence[dict[str, Any]]) -> None:
    """Notify the webhooks of alarms that the readings before these did not have."""
    if not rows or not outbox.wanted(work, outbox.METER_ALARM):
        return
    had = alarms.before(work, [row["drn"] for row in rows])
    for row in rows:
        began = row["alarms"] & ~had.get(row["drn"], 0)
        if began:
            outbox.emit(work, outbox.METER_ALARM, partial(_facts, row, began))


def _facts(row: Mapping[str, Any], began: int) -> dict[str, Any]:
    kinds = row["tamper_kinds"]
    return {
        "drn": row["drn"],
        "began": alarms.names(began),
        "alarms": alarms.names(row["alarms"]),
        "tamper_kinds": None if kinds is None else names_of(codes.TAMPER, kinds),
        "at": iso(row["at"]),
    }


def _served(view: View, drns: list[str]) -> dict[str, str | None]:
    """Return {DRN: collector id} of the registered meters."""
    query = select(Meter.drn, Meter.collector_id).where(Meter.tenant_id == view.tenant_id)
    found: dict[str, str | None] = {}
    for chunk in chunks(sorted(set(drns))):
        for drn, collector_id in view.session.execute(query.where(Meter.drn.in_(chunk))):
            found[drn] = collector_id
    return found
