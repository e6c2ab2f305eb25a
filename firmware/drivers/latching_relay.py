"""A latching relay with two coils: a pulse moves the contact, and at rest no coil has current.

The facts come from the manual of a prepayment meter (Hexing HXE310-KP): the pulse is at least
three times the operate time, and the relay is moved only above 70 % of the rated voltage, because
the coil's capacitor is charged from the mains and a half pulse leaves the contact anywhere.
"""

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


PULSE_MS = const(50)
_OPEN = const(0)
_CLOSE = const(1)
_NOTHING = const(-1)


class LatchingRelay:
    """`open_coil`, `close_coil`: called with 1 and 0 (a Pin will do); both off from the start.

    contact: a function, True when the load side has voltage; without one the relay is believed to
    be where it was sent last. may_operate: a function, False while the supply is too low; the last
    command then waits. after: a function of (ms, function) that calls the function once so much
    later, from a timer: the coil is then off in time whatever the application does; without one
    the pulse ends in elapsed, up to two calls late. pulse_ms: the shortest pulse. operations:
    pulses since the start, for the relay's mechanical life.
    """

    def __init__(
        self,
        open_coil,
        close_coil,
        contact=None,
        may_operate=None,
        after=None,
        pulse_ms=PULSE_MS,
    ):
        self._coils = (open_coil, close_coil)
        self._contact = contact
        self._may_operate = may_operate
        self._after = after
        self._pulse_ms = pulse_ms
        self._active = _NOTHING  # the coil that has current
        self._waiting = _NOTHING
        self._left_ms = 0
        self._fresh = False
        self._position = _OPEN
        self.operations = 0
        self.off()

    def open(self):
        """Send the contact to open. Returns at once."""
        self._command(_OPEN)

    def close(self):
        """Send the contact to closed. Returns at once."""
        self._command(_CLOSE)

    def closed(self):
        """What the contact is: sensed if it can be, else where the last pulse sent it."""
        if self._contact is not None:
            return bool(self._contact())
        return self._position == _CLOSE

    def busy(self):
        """True while a coil has current or a command waits for voltage."""
        return self._active != _NOTHING or self._waiting != _NOTHING

    def off(self):
        """No current in any coil. A pulse under way is cut short."""
        self._coils[_OPEN](0)
        self._coils[_CLOSE](0)
        self._active = _NOTHING

    def elapsed(self, ms):
        """`ms` have passed since the last call: ends the pulse, starts what waits for voltage."""
        if self._active != _NOTHING:
            if self._fresh:
                self._fresh = False  # part of this time was before the pulse
                return
            self._left_ms -= ms
            if self._left_ms <= 0:
                self._end()
        elif self._waiting != _NOTHING:
            self._command(self._waiting)

    def _command(self, coil):
        if self._active == coil:
            self._waiting = _NOTHING
            return
        self.off()  # never both
        if self._may_operate is not None and not self._may_operate():
            self._waiting = coil
            return
        self._waiting = _NOTHING
        self._left_ms = self._pulse_ms
        self._fresh = True
        self._active = coil
        self.operations += 1
        self._coils[coil](1)
        if self._after is not None:
            self._after(self._pulse_ms, self._end)

    def _end(self):
        if self._active != _NOTHING:
            self._position = self._active
            self.off()
