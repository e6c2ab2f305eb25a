"""Digits from the key pad. Times are real time: a person needs the same at any supply speed."""

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


BACKSPACE = "*"
ENTER = "#"
TOKEN_DIGITS = const(20)
CODE_DIGITS = const(3)
_QUICK_MS = const(500)  # between two backspaces that clear the entry
_IDLE_MS = const(20000)  # after a key, while digits are missing
_COMPLETE_MS = const(30000)  # after a key, with all digits of a token


class Entry:
    """The entry in progress. A feature: see core.py.

    digits: at most those of a token. refused: True if the last key was one digit more.
    """

    def __init__(self, _meter=None):
        self.digits = ""
        self.refused = False
        self._backspace = False  # the last key was one
        self._idle_ms = _COMPLETE_MS

    def key(self, key):
        """Take a key. Return the digits when they are entered, else None."""
        quick = self._backspace and self._idle_ms < _QUICK_MS
        self._backspace = key == BACKSPACE
        self._idle_ms = 0
        self.refused = False
        if key == ENTER:
            entered = self.digits
            self.digits = ""
            return entered or None
        if key == BACKSPACE:
            self.digits = "" if quick else self.digits[:-1]
        elif len(self.digits) < TOKEN_DIGITS:
            self.digits += key
        else:
            self.refused = True
        return None

    def tick(self, _supply_ms, real_ms):
        """Clear the entry 20 s after the last key, 30 s if it has all digits of a token."""
        if self._idle_ms < _COMPLETE_MS:
            self._idle_ms += real_ms
        limit = _COMPLETE_MS if len(self.digits) == TOKEN_DIGITS else _IDLE_MS
        if self._idle_ms >= limit:
            self.digits = ""
            self.refused = False
