"""Messages between their arrival and their record: bounded, the latest of each kind.

An arriving message costs no database access. What repeats takes no second place, and when a
buffer is full, more is dropped and counted: collectors repeat acks until the station answers, and
readings every minute.
"""

from typing import TypeVar

from tjugo.station.delivery.jobs import Ack
from tjugo.station.readings.intake import Reading, Report
from uplink import kinds

K = TypeVar("K")
V = TypeVar("V")

ACKS = 5_000
REPORTS = 20_000
STRANGERS = 200  # places that collectors which are not registered can take in either buffer


class Inbox:
    """Acks and reports that are not recorded yet, in the order of their arrival."""

    def __init__(self) -> None:
        self._acks: dict[tuple[str, str, int, str], Ack] = {}
        self._reports: dict[tuple[type, str, str], Report] = {}

    def put(self, message: Ack | Report, known: bool) -> bool:
        """Keep a message until it is taken; False if there is no place. known: its collector is
        registered."""
        if isinstance(message, Ack):
            key = (message.collector_id, message.drn, message.ref, message.state)
            if message.state == kinds.DONE and key in self._acks:
                return True  # a meter's first result is final
            return _put(self._acks, key, message, ACKS if known else STRANGERS)
        drn = message.drn if isinstance(message, Reading) else ""
        name = (type(message), message.collector_id, drn)
        return _put(self._reports, name, message, REPORTS if known else STRANGERS)

    @property
    def acks(self) -> int:
        """How many acks wait."""
        return len(self._acks)

    @property
    def reports(self) -> int:
        """How many reports wait."""
        return len(self._reports)

    def take_acks(self) -> list[Ack]:
        """Remove and return the acks."""
        taken, self._acks = self._acks, {}
        return list(taken.values())

    def take_reports(self) -> list[Report]:
        """Remove and return the reports."""
        taken, self._reports = self._reports, {}
        return list(taken.values())


def _put(buffer: dict[K, V], key: K, value: V, places: int) -> bool:
    if key not in buffer and len(buffer) >= places:
        return False
    buffer.pop(key, None)  # the latest goes to the end
    buffer[key] = value
    return True
