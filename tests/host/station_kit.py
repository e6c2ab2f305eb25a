"""Shared parts of the station's tests: a station with meters and a clock that stands still."""

import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from tjugo.station.registry.meters import NewMeter, add_meter, drn_with_check_digit
from tjugo.station.setup.service import set_up
from tjugo.station.station import Station
from tjugo.station.tariffs.assignment import ensure_default

REPO = Path(__file__).resolve().parents[2]
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
COLLECTOR = "c1"
Result = TypeVar("Result")


class Clock:
    """A clock that is set by hand."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **delta: float) -> None:
        self.now += timedelta(**delta)


def drn(number: int) -> str:
    """Return a DRN of manufacturer 01."""
    return drn_with_check_digit(f"01{number:08d}")


def new_station(
    folder: Path, clock: Callable[[], datetime] | None = None, database_url: str | None = None
) -> Station:
    """Make a station with three meters: 1 with a collector and EA07, 2 with a collector and EA11,
    3 keyed, DKGA02. Its tariff is the trial's: 0.20 EUR per kWh."""
    station = set_up(folder, clock=clock or Clock(), database_url=database_url)
    with station.work("test") as work:
        add_meter(work, NewMeter(drn(1), collector_id=COLLECTOR))
        add_meter(work, NewMeter(drn(2), ea=11, collector_id=COLLECTOR))
        add_meter(work, NewMeter(drn(3), sgc="123456", dkga="02"))
    return station


def add_tariff(station: Station) -> None:
    """Give the trial's tariff to a station that has none, such as one of an early version."""
    with station.work("init") as work:
        ensure_default(work)


def do(station: Station, service: Callable[..., Result], *given: Any, **more: Any) -> Result:
    """Call a service in a separate unit of work."""
    with station.work("test") as work:
        return service(work, *given, **more)


def see(station: Station, query: Callable[..., Result], *given: Any, **more: Any) -> Result:
    """Call a reading function with a view."""
    with station.view() as view:
        return query(view, *given, **more)


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a Python process that imports from this checkout."""
    path = os.pathsep.join(str(REPO / part) for part in ("", "firmware", "host", "tests/host"))
    return {**os.environ, "PYTHONPATH": path, **more}


PYTHON = sys.executable


@contextmanager
def served(state: Path, *options: str) -> Iterator[str]:
    """Return the address of a station that serves this folder, once it answers."""
    process = subprocess.Popen(
        [PYTHON, "-m", "tjugo", "station", "--port", "0", "--state", str(state), *options],
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        found = re.search(r"http://\S+/", process.stdout.readline())
        assert found
        while not _answers(found.group() + "static/style.css"):
            assert process.poll() is None
        yield found.group()
    finally:
        process.terminate()
        process.communicate(timeout=20)


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=20).close()
    except urllib.error.URLError as error:
        assert isinstance(error.reason, ConnectionError)
        return False
    return True
