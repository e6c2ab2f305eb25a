"""The master station: sales, each one durable before it is answered, alone and beside readings."""

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from tjugo import BUILT
from tjugo.benchmarks.registry import Figure, benchmark, calls_per_second, host
from tjugo.station.link import records
from tjugo.station.readings.intake import Reading
from tjugo.station.registry import views
from tjugo.station.registry.meters import NewMeter, add_meter, drn_with_check_digit, key_columns
from tjugo.station.setup.service import set_up
from tjugo.station.station import Station
from tjugo.station.storage.bulk import upsert
from tjugo.station.storage.tables import Meter, MeterKeyState
from tjugo.station.vending.vend import sell
from tjugo.station.work import Work

METERS = 10_000
READINGS_S = 10_000
SECONDS = 10
SALES = 100
KWH = Decimal("12.5")


@contextmanager
def _station(meters: int) -> Iterator[tuple[Station, list[str]]]:
    """Make a station with meters that a collector serves; yield it and their DRNs.

    Sales are a minute apart by its clock, so that TIDs do not run ahead.
    """
    minutes = count()
    start = BUILT
    drns = numbered(meters)
    with (
        tempfile.TemporaryDirectory(prefix="tjugo-bench-") as folder,
        set_up(folder, clock=lambda: start + timedelta(minutes=next(minutes))) as station,
    ):
        with station.work("bench") as work:
            add_meters(work, drns)
        yield station, drns


def numbered(count: int) -> list[str]:
    """Return the DRNs of so many meters."""
    return [drn_with_check_digit(f"01{number:08d}") for number in range(1, count + 1)]


def add_meters(work: Work, drns: list[str]) -> None:
    """Register meters as add_meter() does, but all at once."""
    add_meter(work, NewMeter(drns[0], collector_id="c1"))
    session, tenant = work.session, {"tenant_id": work.tenant_id}
    fixed = {"ea": 7, "tct": 2, "status": "installed", "collector_id": "c1"}
    upsert(
        session,
        Meter,
        [{**tenant, **fixed, "drn": drn, "created_at": work.now()} for drn in drns],
    )
    key = key_columns(NewMeter(drns[0]))
    upsert(
        session,
        MeterKeyState,
        [{**tenant, "phase": "current", **key, "drn": drn} for drn in drns],
    )


@benchmark("station.vends", "vends/s")
def vends() -> Figure:
    """Measure sales to a meter with a collector; each puts TID, token and delivery on the disk."""
    with _station(1) as (station, (drn,)):
        numbers = count()
        rate = calls_per_second(lambda: sell(station, "bench", f"{next(numbers)}", drn, KWH))
    return Figure(round(rate, 1), {**host(), "database": "SQLite"})


@benchmark("station.sale_at_rest.p99_ms", "ms")
def sale_at_rest() -> Figure:
    """Measure the duration of 100 sales, with 10,000 meters registered and no other load."""
    with _station(METERS) as (station, drns):
        waits = [_sale_s(station, number, drns[number]) for number in range(SALES)]
    return Figure(_p99_ms(waits), {**host(), "sales": SALES, "meters": METERS})


@benchmark("station.sale_beside_intake.p99_ms", "ms")
def sale_beside_intake() -> Figure:
    """Measure 100 sales spread over ten seconds in each of which 10,000 readings are recorded."""
    with _station(METERS) as (station, drns):
        stored: list[int] = []
        intake = threading.Thread(target=_intake, args=(station, drns, stored))
        intake.start()
        began, waits = time.monotonic(), []
        for number in range(SALES):
            time.sleep(max(0, began + number * SECONDS / SALES - time.monotonic()))
            waits.append(_sale_s(station, number, drns[number]))
        intake.join()
        rate = round(sum(stored) / (time.monotonic() - began))
    return Figure(_p99_ms(waits), {**host(), "sales": SALES, "readings_per_s": rate})


@benchmark("station.meters_page_ms", "ms")
def meters_page() -> Figure:
    """Measure a page of meters out of 10,000, found by a part of their number."""
    with _station(METERS) as (station, _):
        with station.view() as view:
            views.meters(view)
        began = time.perf_counter()
        with station.view() as view:
            assert views.meters(view, search="99").items
        spent = time.perf_counter() - began
    return Figure(round(spent * 1000, 1), {**host(), "meters": METERS})


def _intake(station: Station, drns: list[str], stored: list[int]) -> None:
    began = time.monotonic()
    for second in range(SECONDS):
        readings = [_reading(second, drns[i % len(drns)]) for i in range(READINGS_S)]
        records.reports(station, readings)
        stored.append(len(readings))
        time.sleep(max(0, began + second + 1 - time.monotonic()))


def _reading(second: int, drn: str) -> Reading:
    values: dict[str, Any] = {
        "energy_wh": 1_000_000 + second,
        "credit_wh": 20_000 - second,
        "power_w": 250,
        "control_state": 1,
        "open_reasons": 0,
        "sequence": second,
        "relay_closed": True,
    }
    return Reading("c1", drn, BUILT + timedelta(seconds=second), True, values)


def _sale_s(station: Station, number: int, drn: str) -> float:
    began = time.perf_counter()
    sell(station, "bench", f"{number}", drn, KWH)
    return time.perf_counter() - began


def _p99_ms(waits: list[float]) -> float:
    return round(sorted(waits)[len(waits) * 99 // 100 - 1] * 1000, 1)
