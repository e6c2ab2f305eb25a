"""The state folders of a station and of a bench."""

import os
from pathlib import Path

import tjugo

DATABASE = "station.db"
WRITE_LOCK = "station.db.lock"
USE_LOCK = "station.use"
SERVERS = "servers"
DATABASE_ADDRESS = "database.json"  # of a station whose database is on a server
VENDING_KEYS = "vending_keys.json"
PEOPLE_KEY = "people.key"
STA_TABLES = "sta_tables.bin"
SECRET_FILES = (VENDING_KEYS, PEOPLE_KEY, STA_TABLES)
"""Refused while others may read them: what they hold may be known already."""
LOG = "tjugo.log"


def default_state_dir() -> Path:
    """Return $TJUGO_STATE, or build/state of the checkout, or ./tjugo-state without a checkout."""
    return _folder("TJUGO_STATE", "state")


def default_bench_dir() -> Path:
    """Return $TJUGO_BENCH_STATE, or build/bench of the checkout, or ./tjugo-bench without one."""
    return _folder("TJUGO_BENCH_STATE", "bench")


def _folder(variable: str, name: str) -> Path:
    given = os.environ.get(variable)
    if given:
        return Path(given)
    checkout = Path(tjugo.__file__).resolve().parents[2]
    if (checkout / "pyproject.toml").is_file() and (checkout / "sts_portable").is_dir():
        return checkout / "build" / name
    return Path(f"tjugo-{name}")
