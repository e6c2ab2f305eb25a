"""What a simulated meter has recorded, read over the bus as by a technician's tool."""

from dataclasses import dataclass

from tjugo.device import meter_files
from tjugo.device.bus_line import BusLine
from tjugo.device.event_words import sentence
from tjugo.device.meter_files import Row

LAST_EVENTS = 60
LAST_HALF_HOURS = 120  # two days, and what restarts add
_PARITY = "none"  # a pty has none


@dataclass(frozen=True)
class Records:
    """Rows of meter_files.py. events: the newest first, with `text`; profile: the oldest first."""

    events: list[Row]
    profile: list[Row]


def read(port: str, address: int, baudrate: int) -> Records:
    """Return the newest events and half hours of a meter. Raise TjugoError."""
    with BusLine(port, address, baudrate, _PARITY) as line:
        events = meter_files.read(line.ask, address, "events", LAST_EVENTS)
        profile = meter_files.read(line.ask, address, "profile", LAST_HALF_HOURS)
    told = [
        row | {"text": sentence(row["code"], row["data"], row["count"])}
        for row in reversed(events)
    ]
    return Records(told, profile)
