"""One or two buttons to ground instead of a key pad, debounced.

A timer may call scan(): nothing is allocated in it.
"""

from .key_queue import KeyQueue

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
_KEYS = NEXT + BACK + HOLD
_HELD = const(2)  # of these


class Buttons:
    """The buttons. `pins` return a level (Pins with pull-ups are suitable), low while pressed.

    A short press counts when the button is released; a long one as soon as it has lasted.
    """

    def __init__(self, pins):
        self._pins = pins
        self._pressed_ms = [0] * len(pins)
        self._open_ms = [0] * len(pins)
        self._queue = KeyQueue(_KEYS, _QUEUE)
        self.get = self._queue.get  # NEXT, BACK or HOLD, or None

    def scan(self, ms):
        """Read the buttons; `ms` have passed since the last call. Call it every 10 to 30 ms."""
        for number in range(len(self._pins)):
            pressed = self._pressed_ms[number]
            if not self._pins[number]():
                self._open_ms[number] = 0
                if pressed < HOLD_MS:
                    self._pressed_ms[number] = pressed + ms
                    if pressed + ms >= HOLD_MS:
                        self._queue.put(_HELD)
            elif pressed:
                self._open_ms[number] += ms
                if self._open_ms[number] >= _DEBOUNCE_MS:
                    self._pressed_ms[number] = 0
                    if _DEBOUNCE_MS <= pressed < HOLD_MS:
                        self._queue.put(1 if number else 0)
