"""Shared parts of the station's tests: a station with meters and a clock that stands still."""

import atexit
import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import psycopg

from tjugo.paths import DATABASE_ADDRESS
from tjugo.station.registry.meters import NewMeter, add_meter, drn_with_check_digit
from tjugo.station.setup.service import set_up
from tjugo.station.station import Station
from tjugo.station.storage import databases
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
    clock = clock or Clock()
    if folder.exists() or clock() != NOON:
        return _made(folder, clock, database_url)
    if database_url is None:
        shutil.copytree(_template(), folder)
    elif not _copied_on_server(folder, database_url):
        return _made(folder, clock, database_url)
    return Station.open(folder, clock=clock)


def _made(folder: Path, clock: Callable[[], datetime], database_url: str | None) -> Station:
    station = set_up(folder, clock=clock, database_url=database_url)
    with station.work("test") as work:
        add_meter(work, NewMeter(drn(1), collector_id=COLLECTOR))
        add_meter(work, NewMeter(drn(2), ea=11, collector_id=COLLECTOR))
        add_meter(work, NewMeter(drn(3), sgc="123456", dkga="02"))
    return station


@functools.cache
def _template() -> Path:
    """Return the folder of a new station. A copy takes a fraction of the time of making one; all
    copies of a process have the same vending keys."""
    kept = Path(tempfile.mkdtemp(prefix="tjugo-station-"))
    atexit.register(shutil.rmtree, kept, ignore_errors=True)
    _made(kept / "state", Clock(), None).close()
    return kept / "state"


def _copied_on_server(folder: Path, url: str) -> bool:
    """Make an empty database one of a new station, and its folder; do nothing and return False
    where the database is not empty, or is that of a user who may make none."""
    tables = "SELECT FROM pg_tables WHERE schemaname = 'public'"
    role = "SELECT rolcreatedb FROM pg_roles WHERE rolname = current_user"
    with psycopg.connect(url) as connection:
        if connection.execute(f"SELECT NOT EXISTS ({tables}) AND ({role})").fetchone() != (True,):
            return False
    name = databases.parse(url).database
    kept = _template_on(url.replace(f"/{name}?", "/postgres?"))
    with psycopg.connect(url.replace(f"/{name}?", "/postgres?"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name}")
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
    shutil.copytree(kept, folder)
    databases.PostgresDatabase(databases.parse(url), folder).save()
    return True


_TEMPLATE = "tjugo_template"


@functools.cache
def _template_on(server: str) -> Path:
    """Make the database _TEMPLATE on a server; return the folder of its station."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0")
    kept = Path(tempfile.mkdtemp(prefix="tjugo-station-"))
    atexit.register(shutil.rmtree, kept, ignore_errors=True)
    _made(kept / "state", Clock(), server.replace("/postgres?", f"/{_TEMPLATE}?")).close()
    (kept / "state" / DATABASE_ADDRESS).unlink()
    return kept / "state"


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
