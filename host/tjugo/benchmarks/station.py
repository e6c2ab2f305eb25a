"""The master station: sales a second, each one durable before it is answered."""

import tempfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

from tjugo.benchmarks.registry import Figure, benchmark, calls_per_second, host
from tjugo.station.registry.meters import NewMeter, add_meter, drn_with_check_digit
from tjugo.station.station import Station
from tjugo.station.vending.vend import sell


@benchmark("station.vends", "vends/s")
def vends() -> Figure:
    """A sale to a meter with a collector: TID, token and delivery are on the disk after it. They
    are a minute apart by the station's clock, so that TIDs do not run ahead."""
    minutes = count()
    start = datetime(2025, 1, 1, tzinfo=UTC)
    with (
        tempfile.TemporaryDirectory(prefix="tjugo-bench-") as folder,
        Station.create(folder, clock=lambda: start + timedelta(minutes=next(minutes))) as station,
    ):
        with station.work("bench") as work:
            new = NewMeter(drn_with_check_digit("0000000001"), collector_id="c1")
            drn = add_meter(work, new)
        numbers = count()
        rate = calls_per_second(
            lambda: sell(station, "bench", f"{next(numbers)}", drn, Decimal("12.5"))
        )
    return Figure(round(rate, 1), {**host(), "database": "SQLite"})
