"""Fixtures of what must be right on both databases: `station`, and the server behind one.

conftest.py gives them to every test. A test that takes `station` runs twice: on SQLite, and on
PostgreSQL where that is installed.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from station_kit import Clock, new_station

from tjugo.station.station import Station
from tjugo.toolchain import postgres as postgres_server

DATABASES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgres() -> Iterator[postgres_server.Server]:
    """Run a private PostgreSQL server. Skip the test where none is installed."""
    why = postgres_server.missing()
    if why is not None:
        pytest.skip(why)
    with postgres_server.server() as server:
        yield server


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest) -> Callable[[], str | None]:
    """Return a function that makes an empty database: its address, or None for a file."""
    if request.param == "sqlite":
        return lambda: None
    server: postgres_server.Server = request.getfixturevalue("postgres")
    return server.new_database


@pytest.fixture
def station(database: Callable[[], str | None], tmp_path: Path) -> Iterator[Station]:
    """Open a new station with the meters of station_kit.new_station and a clock that is set by
    hand, on either database."""
    with new_station(tmp_path / "state", Clock(), database()) as made:
        yield made
