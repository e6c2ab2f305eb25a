"""Messages between arrival and record: bounded, the latest of each kind.

An arriving message costs no database access. A repeated message takes no second place, and when a
buffer is full, further messages are dropped and counted: collectors repeat acks until the station
answers, and readings every minute.
"""

from collections.abc import Iterable
from typing import TypeVar

from tjugo.station.delivery.jobs import Ack
from tjugo.station.readings.intake import Reading, Report
from uplink import kinds

K = TypeVar("K")
V = TypeVar("V")

ACKS = 5_000
REPORTS = 20_000
STRANGERS = 200  # capacity for messages of unregistered collectors in either buffer


class Inbox:
    """Acks and reports that are not recorded yet, in the order of arrival."""

    def __init__(self) -> None:
        self._acks: dict[tuple[object, ...], Ack] = {}
        self._reports: dict[tuple[type, str, str], Report] = {}

    def put(self, message: Ack | Report, known: bool) -> bool:
        """Store a message until it is taken; return False if the buffer is full. known: its
        collector is registered."""
        if isinstance(message, Ack):
            # One that is proved must not be lost behind one that is forged.
            same = (message.collector_id, message.drn, message.ref, message.state, message.order)
            key = (*same, message.proof)
            if message.state == kinds.DONE and key in self._acks:
                return True  # a meter's first result is final
            return _put(self._acks, key, message, ACKS if known else STRANGERS)
        drn = message.drn if isinstance(message, Reading) else ""
        name = (type(message), message.collector_id, drn)
        return _put(self._reports, name, message, REPORTS if known else STRANGERS)

    @property
    def acks(self) -> int:
        """The number of waiting acks."""
        return len(self._acks)

    @property
    def reports(self) -> int:
        """The number of waiting reports."""
        return len(self._reports)

    def take_acks(self) -> list[Ack]:
        """Remove and return the acks."""
        taken, self._acks = self._acks, {}
        return list(taken.values())

    def take_reports(self) -> list[Report]:
        """Remove and return the reports."""
        taken, self._reports = self._reports, {}
        return list(taken.values())

    def put_back(self, reports: Iterable[Report]) -> None:
        """Store reports that could not be recorded again, except those superseded since."""
        newer = self.take_reports()
        for report in [*reports, *newer]:
            self.put(report, known=True)


def _put(buffer: dict[K, V], key: K, value: V, places: int) -> bool:
    if key not in buffer and len(buffer) >= places:
        return False
    buffer.pop(key, None)  # the latest goes to the end
    buffer[key] = value
    return True
