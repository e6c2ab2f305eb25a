"""What pages, commands and the API show of readings and collectors."""

from typing import Any

from sqlalchemy import select

from tjugo.station.station import Station
from tjugo.station.storage.moments import iso
from tjugo.station.storage.tables import Collector, MeterReading


def reading_view(reading: MeterReading) -> dict[str, Any]:
    names = (
        "online energy_wh credit_wh power_w control_state open_reasons token_result sequence "
        "cover_open relay_closed fault crash"
    )
    values = {name: getattr(reading, name) for name in names.split()}
    return {"at": iso(reading.at), "received_at": iso(reading.received_at), **values}


def collectors(station: Station) -> list[dict[str, Any]]:
    """All collectors; online None: never heard of."""
    query = select(Collector).where(Collector.tenant_id == station.tenant_id)
    with station.read() as session:
        return [
            {
                "collector": row.collector_id,
                "online": row.online,
                "at": iso(row.status_at),
                "version": row.version,
                "crash": row.crash,
            }
            for row in session.scalars(query.order_by(Collector.collector_id))
        ]
