"""What the safe application tells the bus: who it is, that it is the safe one, and why."""

from meterbus import frame, registers

VERSION = "0.1.0"
DEFAULT_ADDRESS = 247  # as a meter that was not told its own

_READABLE = ("status", "drn")


def address_of(settings):
    """The meter's address on the bus, from the dict of settings.json."""
    given = settings.get("address")
    usable = isinstance(given, int) and not isinstance(given, bool) and 1 <= given <= 247
    return given if usable else DEFAULT_ADDRESS


class SafeView:
    """Handler of meterbus.server.Server. Only `status` and `drn` can be read, each by itself.

    A reading that is not there must not look like one that is zero: everything else is answered
    with "device failure", and the collector takes the meter for out of order.
    """

    def __init__(self, board_name, drn, why, crash):
        self._drn = drn if isinstance(drn, str) else ""
        self._crash = crash
        self._status = registers.STATUS_SAFE | (registers.STATUS_CRASHED if crash else 0)
        self._objects = ("Tjugo", "safe-" + why, VERSION, None, "Tjugo safe mode", board_name)

    def read(self, _function, start, count, out):
        for name in _READABLE:
            row = registers.row(name)
            if start == row[registers.ADDRESS] and count == row[registers.WORDS]:
                registers.pack_into(row, out, 0, self._drn if name == "drn" else self._status)
                return 0
        return frame.DEVICE_FAILURE

    def write(self, _start, _count, _data):
        return frame.DEVICE_FAILURE

    def identify(self, number):
        if number == registers.CRASH_OBJECT:
            return self._crash or None
        return self._objects[number] if number < len(self._objects) else None
