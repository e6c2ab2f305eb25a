"""A meter on a line: what is read and entered for the technician's self-test."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from meterbus import client, codes, registers
from sts_portable import results, vendor
from tjugo.device.bus_line import BusLine

_BASIC, _REGULAR = 1, 2  # codes of the device identification
_EVENTS, _ENTRY = 1, 6  # the file, and the registers of one entry
_TOKEN_S = 10.0
_LOOK_S = 0.2


class BusMeter:
    """A meter at the address of a line."""

    def __init__(self, line: BusLine) -> None:
        self._line = line

    def block(self, first: str, last: str = "", function: int = 3) -> dict[str, Any] | None:
        """Return {name: value} of registers, None if the meter refuses: they are unknown."""
        start, count = registers.block(first, last or first)
        reply = self._line.ask(client.read_request(self._line.address, function, start, count))
        if reply.refused:
            return None
        found: dict[str, Any] = registers.decode(start, reply.data)
        return found

    def objects(self) -> dict[int, str]:
        """Return the objects of the device identification, the last crash included."""
        found: dict[int, str] = {}
        for code, first in ((_BASIC, 0), (_REGULAR, 3), (client.ONE_OBJECT, codes.CRASH_OBJECT)):
            reply = self._line.ask(client.identify_request(self._line.address, code, first))
            if not reply.refused:
                found |= reply.objects()
        return found

    def events_readable(self) -> bool:
        """Return whether the event log can be read."""
        request = client.read_file_request(self._line.address, _EVENTS, 0, _ENTRY)
        return not self._line.ask(request).refused

    def enter_test(self, test: int) -> int | None:
        """Enter the class 1 token of a test; return its TokenResult, None if it is not taken.

        Its reference is 0, so the result of the token before can still be repeated.
        """
        digits = vendor.meter_test(0, test)
        value = registers.token_entry(digits, 0)
        request = client.write_request(self._line.address, registers.TOKEN_START, value)
        if self._line.ask(request).refused:
            return None
        until = time.monotonic() + _TOKEN_S
        while time.monotonic() < until:
            found = self.block("result", "result_ref")
            if found and found["result"] != results.BUSY:
                return int(found["result"])
            time.sleep(_LOOK_S)
        return None

    def wait(self, good: Callable[[Mapping[str, Any]], bool], seconds: float) -> bool:
        """Return whether the device block becomes good in time."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = self.block("drn", "known")
            if found and good(found):
                return True
            time.sleep(_LOOK_S)
        return False
