"""The safe application on the bus: its identity, its status and the crash report."""

from meterbus import codes, frame, registers

VERSION = "0.1.0"
DEFAULT_ADDRESS = 247  # of a meter without a usable address


def address_of(settings):
    """Return the meter's address on the bus, from the dict of settings.json."""
    given = settings.get("address")
    usable = isinstance(given, int) and not isinstance(given, bool) and 1 <= given <= 247
    return given if usable else DEFAULT_ADDRESS


class SafeView:
    """Handler of meterbus.server.Server.

    What lies in the device block can be read, and `status`. A value that is not known must not
    look like one that is zero: everything else is refused with "server device failure".
    """

    def __init__(self, board_name, drn, why, crash):
        status = codes.STATUS_SAFE | (codes.STATUS_CRASHED if crash else 0)
        self._crash = crash
        self._values = {
            "status": status,
            "drn": drn if isinstance(drn, str) else "",
            "device_status": status,
            "device_reasons": codes.SAFE_MODE,
            "device_control_state": codes.DISCONNECTED,
            "known": 0,
        }
        self._objects = ("Tjugo", "safe-" + why, VERSION, None, "Tjugo safe mode", board_name)

    def read(self, _function, start, count, out):
        """See meterbus.server.Server."""
        at, end = start, start + count  # up to `at` all can be read
        for row in registers.ROWS:
            first = row[registers.ADDRESS]
            if first <= at < end and at < first + row[registers.WORDS]:
                if row[registers.NAME] in self._values:
                    at = first + row[registers.WORDS]
        if at < end:
            return frame.SERVER_DEVICE_FAILURE
        registers.fill(start, count, self._values.get, out)
        return 0

    def write(self, _start, _count, _data):
        """See meterbus.server.Server."""
        return frame.SERVER_DEVICE_FAILURE

    def read_file(self, _number, _start, _count, _out):
        """See meterbus.server.Server."""
        return frame.SERVER_DEVICE_FAILURE

    def identify(self, number):
        """See meterbus.server.Server."""
        if number == codes.CRASH_OBJECT:
            return self._crash or None
        return self._objects[number] if number < len(self._objects) else None
