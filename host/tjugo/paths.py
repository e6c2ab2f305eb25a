"""The paths of a station's state."""

import os
from pathlib import Path

import tjugo

DATABASE = "station.db"
VENDING_KEYS = "vending_keys.json"
LOG = "tjugo.log"


def default_state_dir() -> Path:
    """Return $TJUGO_STATE, else build/state of the source checkout in use, else ./tjugo-state."""
    given = os.environ.get("TJUGO_STATE")
    if given:
        return Path(given)
    checkout = Path(tjugo.__file__).resolve().parents[2]
    if (checkout / "pyproject.toml").is_file() and (checkout / "sts_portable").is_dir():
        return checkout / "build" / "state"
    return Path("tjugo-state")
