"""Class 1 tokens: tests and displays that anybody may start, without a key.

The control field selects them, one bit each; all bits set select all. The displays follow one
another. Bits of what this meter does not have are passed over; a token with no other bits is
refused. The load switch is tested at most once in a while, whoever asks: anybody can, at will.
"""

from meterbus import codes
from sts_portable import results

from .. import VERSION

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_SHOWN_MS = const(4000)
_OPEN_MS = const(2000)
_REST_MS = const(300000)  # of supply time between two tests of the load switch
_TARIFF = "830"  # in a meter that has tariffs
# Short code by bit of the control field, "" for what the meter does not have. Bit 0 is the test of
# the load switch.
# fmt: off
_CODES = (
    "", "800", "851", "803", "803", "800", "819", "818", "814", "860",
    "", "", "830", "861", "863", "805", "862", "804",
)
# fmt: on


class Tests:
    """A feature: see core.py."""

    def __init__(self, meter):
        self._meter = meter
        self._waiting = []  # short codes
        self._left_ms = 0
        self._open_ms = 0  # of the test of the load switch
        self._rest_ms = 0  # until there may be another one

    def open_reasons(self):
        """Return SWITCH_TEST while the load switch is tested."""
        return codes.SWITCH_TEST if self._open_ms else 0

    def tick(self, supply_ms, real_ms):
        """Show the next one when its time has come; end the test of the load switch."""
        if self._rest_ms:
            self._rest_ms = max(0, self._rest_ms - supply_ms)
        if self._open_ms:
            self._open_ms = max(0, self._open_ms - supply_ms)
            if not self._open_ms:
                self._meter.changed()
        if self._waiting:
            self._left_ms -= real_ms
            if self._left_ms <= 0:
                self._meter.panel.show(*self._meter.keys.short_code(self._waiting.pop(0)))
                self._left_ms = _SHOWN_MS

    def _token(self, token):
        control = token.field("control")
        found = []
        for bit, code in enumerate(_CODES):
            if control >> bit & 1 and code and code not in found:
                if code != _TARIFF or hasattr(self._meter, "tariffs"):
                    found.append(code)
        switch = control & 1 and not self._rest_ms
        if not found and not switch:
            wait = self._meter.words.text("Wait %d s") % ((self._rest_ms + 999) // 1000)
            return results.FUNCTION_ERROR, wait if control & 1 else ""
        self._waiting = found
        self._left_ms = _SHOWN_MS
        if switch:
            self._open_ms = _OPEN_MS
            self._rest_ms = _REST_MS
        return results.ACCEPT, "Test"

    def _sections(self):
        return "4" if len(self._meter.tokens.key.key) > 8 else "2, 3"

    TOKENS = {0x10: _token, 0x11: _token}
    CODES = (
        ("860", "Version", codes.KNOWN_ALWAYS, lambda _self: VERSION),
        ("861", "Algorithm", codes.KNOWN_KEY, lambda self: "EA%02d" % self._meter.tokens.key.ea),
        ("862", "Key expiry", codes.KNOWN_KEY, lambda self: "%d" % self._meter.tokens.key.ken),
        ("863", "Key tokens", codes.KNOWN_KEY, _sections),
    )
