"""Parts of the tests of vending keys: cheap passphrases, and stations with sealed keys."""

from pathlib import Path

import pytest
from station_kit import Clock, drn

from tjugo import encryption
from tjugo.station.registry.meters import NewMeter, add_meter
from tjugo.station.setup.service import set_up
from tjugo.station.station import Station

PASSPHRASE = "correct horse battery"
KEY = bytes(range(32))
CHEAP = {"time_cost": 1, "memory_cost": 8, "parallelism": 1}


@pytest.fixture
def cheap(monkeypatch):
    """Derive keys of new passphrases quickly."""
    monkeypatch.setattr(encryption, "COSTS", CHEAP)
    monkeypatch.delenv("TJUGO_KEY_FILE", raising=False)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)


def sealed_station(folder: Path, clock: Clock | None = None) -> Station:
    """Make a station with sealed, locked keys and meters 1 (EA07), 2 (EA11), 3 (DKGA02)."""
    clock = clock or Clock()
    station = set_up(folder, clock=clock, keys_opened_by=(PASSPHRASE, KEY))
    with station.work("test") as work:
        add_meter(work, NewMeter(drn(1)))
        add_meter(work, NewMeter(drn(2), ea=11))
        add_meter(work, NewMeter(drn(3), sgc=123456, dkga="02"))
    return station
