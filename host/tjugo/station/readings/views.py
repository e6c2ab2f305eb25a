"""What pages, commands and the API show of readings and collectors."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from tjugo.station.storage.moments import iso
from tjugo.station.storage.tables import Collector, MeterReading
from tjugo.station.work import View


def reading_view(reading: MeterReading) -> dict[str, Any]:
    names = (
        "online energy_wh credit_wh power_w control_state open_reasons token_result sequence "
        "cover_open relay_closed fault crash"
    )
    values = {name: getattr(reading, name) for name in names.split()}
    return {"at": iso(reading.at), "received_at": iso(reading.received_at), **values}


@dataclass(frozen=True)
class CollectorView:
    """A data collector. online None: never heard of."""

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
