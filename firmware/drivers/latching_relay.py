"""A latching relay with two coils: a pulse moves the contact, and at rest no coil has current.

The values are from the manual of a prepayment meter (Hexing HXE310-KP): the pulse is at least
three times the operate time, and the relay is operated only above 70 % of the rated voltage. The
coil's capacitor is charged from the mains, and after a partial pulse the position of the contact
is undefined.
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
    """A relay. `open_coil`, `close_coil`: called with 1 and 0 (a Pin is suitable), first with 0.

    contact: a function, True if the load side has voltage; without one the position is that of
    the last pulse. may_operate: a function, False while the supply voltage is too low; the last
    command is then deferred. after: a function of (ms, function) that calls the function once
    after this time, from a timer, so that the end of the pulse does not depend on the application;
    without one the pulse ends in elapsed(), up to two calls late, unless the coils end it
    themselves. pulse_ms: the shortest pulse.
    operations: pulses since the start, for the mechanical life of the relay.
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
        """Start to open the contact. Does not wait for it."""
        self._command(_OPEN)

    def close(self):
        """Start to close the contact. Does not wait for it."""
        self._command(_CLOSE)

    def closed(self):
        """Return whether the contact is closed: as sensed, else according to the last pulse."""
        if self._contact is not None:
            return bool(self._contact())
        return self._position == _CLOSE

    def busy(self):
        """Return whether a coil has current or a command is deferred for lack of voltage."""
        return self._active != _NOTHING or self._waiting != _NOTHING

    def off(self):
        """Switch both coils off. A pulse in progress is cut short."""
        self._coils[_OPEN](0)
        self._coils[_CLOSE](0)
        self._active = _NOTHING

    def elapsed(self, ms):
        """Report elapsed time: end a pulse that is due, start a deferred command."""
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
        self.off()  # never current in both coils
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
