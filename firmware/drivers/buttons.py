"""One or two buttons to ground instead of a key pad, debounced."""

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


NEXT = ">"  # the first button, short
BACK = "*"  # the second button, short
HOLD = "!"  # either, for HOLD_MS
HOLD_MS = const(3000)
_DEBOUNCE_MS = const(40)
_QUEUE = const(8)


class Buttons:
    """The buttons. `pins` return a level (Pins with pull-ups are suitable), low while pressed.

    A short press counts when the button is released; a long one as soon as it has lasted.
    """

    def __init__(self, pins):
        self._pins = pins
        self._pressed_ms = [0] * len(pins)
        self._open_ms = [0] * len(pins)
        self._waiting = ""

    def get(self):
        """Return NEXT, BACK or HOLD, or None."""
        if not self._waiting:
            return None
        key = self._waiting[0]
        self._waiting = self._waiting[1:]
        return key

    def scan(self, ms):
        """Read the buttons; `ms` have passed since the last call. Call it every 10 to 30 ms."""
        for number in range(len(self._pins)):
            pressed = self._pressed_ms[number]
            if not self._pins[number]():
                self._open_ms[number] = 0
                if pressed < HOLD_MS:
                    self._pressed_ms[number] = pressed + ms
                    if pressed + ms >= HOLD_MS:
                        self._add(HOLD)
            elif pressed:
                self._open_ms[number] += ms
                if self._open_ms[number] >= _DEBOUNCE_MS:
                    self._pressed_ms[number] = 0
                    if _DEBOUNCE_MS <= pressed < HOLD_MS:
                        self._add(BACK if number else NEXT)

    def _add(self, key):
        if len(self._waiting) < _QUEUE:
            self._waiting += key
