"""Data about readings and collectors for pages, commands and the API."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from meterbus import codes, status_bits
from tjugo.station.readings import alarms
from tjugo.station.readings.columns import columns
from tjugo.station.storage.moments import iso
from tjugo.station.storage.tables import Collector, MeterReading
from tjugo.station.work import View
from uplink import descriptions


def reading_view(reading: MeterReading) -> dict[str, Any]:
    """Return a reading by the uplink's table; open_reasons, tamper_kinds, status and alarms as
    names, None where unknown."""
    values = {column: getattr(reading, column) for column, _, _ in columns("state")}
    if reading.open_reasons is not None:
        values["open_reasons"] = descriptions.names_of(codes.REASONS, reading.open_reasons)
    if reading.tamper_kinds is not None:
        values["tamper_kinds"] = descriptions.names_of(codes.TAMPER, reading.tamper_kinds)
    values["alarms"] = None if reading.alarms is None else alarms.names(reading.alarms)
    status = {row[1]: getattr(reading, row[1]) for row in status_bits.STATUS}
    known = any(value is not None for value in status.values())
    values["status"] = [name for name in status if status[name]] if known else None
    return {**values, "at": iso(reading.at), "received_at": iso(reading.received_at)}


@dataclass(frozen=True)
class CollectorView:
    """A data collector. online None: no report was received yet."""

    collector: str
    online: bool | None
    at: str | None
    version: str | None
    crash: str | None


def collectors(view: View) -> list[CollectorView]:
    """Return all collectors."""
    query = select(Collector).where(Collector.tenant_id == view.tenant_id)
    return [
        CollectorView(
            collector=row.collector_id,
            online=row.online,
            at=iso(row.status_at),
            version=row.version,
            crash=row.crash,
        )
        for row in view.session.scalars(query.order_by(Collector.collector_id))
    ]
