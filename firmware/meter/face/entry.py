"""Digits from the key pad."""

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


BACKSPACE = "*"
ENTER = "#"
TOKEN_DIGITS = const(20)
CODE_DIGITS = const(3)
_IDLE_MS = const(20000)  # real time between two keys, then the entry is cleared


class Entry:
    """The entry in progress. A feature: see core.py.

    digits: one more than a token has at most, so that 21 digits are seen to be too many.
    """

    def __init__(self, _meter=None):
        self.digits = ""
        self._idle_ms = 0

    def key(self, key):
        """Take a key. Return the digits when they are entered, else None."""
        self._idle_ms = 0
        if key == ENTER:
            entered = self.digits
            self.digits = ""
            return entered or None
        if key == BACKSPACE:
            self.digits = self.digits[:-1]
        elif len(self.digits) <= TOKEN_DIGITS:
            self.digits += key
        return None

    def tick(self, _supply_ms, real_ms):
        """Clear the entry 20 s after the last key."""
        self._idle_ms += real_ms
        if self._idle_ms >= _IDLE_MS:
            self.digits = ""
