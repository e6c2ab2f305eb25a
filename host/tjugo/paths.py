"""Where a station keeps its state."""

import os
from pathlib import Path

import tjugo

DATABASE = "station.db"
VENDING_KEYS = "vending_keys.json"
LOG = "tjugo.log"


def default_state_dir() -> Path:
    """$TJUGO_STATE, else build/state of the checkout this runs from, else ./tjugo-state."""
    given = os.environ.get("TJUGO_STATE")
    if given:
        return Path(given)
    checkout = Path(tjugo.__file__).resolve().parents[2]
    if (checkout / "pyproject.toml").is_file() and (checkout / "sts_portable").is_dir():
        return checkout / "build" / "state"
    return Path("tjugo-state")
