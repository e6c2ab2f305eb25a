"""The latest reading of each meter: many at once, without a sale waiting for them."""

from collections.abc import Mapping, Sequence
from typing import Any

from tjugo.station.station import Station
from tjugo.station.storage.bulk import upsert
from tjugo.station.storage.tables import MeterReading

PART = 500  # readings a transaction: a sale waits for one of these at most


def keep(station: Station, actor: str, readings: Sequence[Mapping[str, Any]]) -> None:
    """Record readings of registered meters, the last one of each meter. readings: columns of
    meter_reading without the tenant, the same in all. Call about once a second with what has
    come; waiting sales go first between the parts."""
    latest = {reading["drn"]: reading for reading in readings}
    rows = [{**reading, "tenant_id": station.tenant_id} for reading in latest.values()]
    for start in range(0, len(rows), PART):
        with station.work(actor, bulk=True) as work:
            upsert(work.session, MeterReading, rows[start : start + PART])
