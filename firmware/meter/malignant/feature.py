"""Malignant load: a resistive heating appliance where it is not allowed.

Its step is recognised by steps.py. In mode TRIP the supply opens and is restored after a time, a
few times a day; then only an operator restores it. A day is 24 hours of supply time from the first
trip: a meter without a clock has no other. Power cuts only make a wait and a day longer.
"""

import struct

from meterbus import codes
from runtime import overlay

from ..store.slots import unpack
from .judge import RESISTIVE, apparent, threshold
from .steps import Steps

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


OFF = const(0)
ALARM = const(1)
TRIP = const(2)

_INTERVALS = const(6)
_MOST_W = const(65535)
# Of the values: the mode, 1/1000, seconds, how many a day; then two of each interval, W: from and
# to, 0 for an interval that is not used.
_MODE = const(0)
_PF = const(1)
_RESTORE_S = const(2)
_RESTORATIONS = const(3)
_LOWS = const(4)
_HIGHS = const(5)

_RECORD = ">BBHI"  # _OPEN, _LOCKED and _DAY; restorations used; seconds to wait; of the day
_OPEN = const(1)
_LOCKED = const(2)
_DAY = const(4)
_DAY_S = const(86400)
_MEASURED_X10 = const(500)  # every part that measures voltage and current does so from here, 0.1 W


class Malignant:
    """A feature: see core.py.

    open: the supply is open because of a heater; locked: until an operator restores it.
    used: restorations of this day. alarm: a heater was found in mode ALARM. blind: the metering
    part does not measure voltage, current and power at the same time, so nothing is recognised.
    """

    def __init__(self, meter):
        self._meter = meter
        self.values = overlay.call("meterbus.parameters", "load", meter.settings, "malignant")
        self.blind = False
        self._ms = 0  # of a second that is not over
        self.adopted()
        self.records = ((15, 1, self._pack, self._unpack),)
        self._unpack(None, 0)

    def adopted(self):
        """Use the values; see core.py."""
        values = self.values
        self.mode, self.restorations = values[_MODE], values[_RESTORATIONS]
        lowest = _MOST_W
        for i in range(0, 2 * _INTERVALS, 2):
            if values[_HIGHS + i]:
                lowest = min(lowest, values[_LOWS + i])
        self._steps = Steps(lowest, threshold(values[_PF]))
        self.alarm = False
        if self.mode != TRIP:
            self._unpack(None, 0)

    def _pack(self, buf, at):
        flags = (_OPEN if self.open else 0) | (_LOCKED if self.locked else 0)
        flags |= _DAY if self._in_day else 0
        if not flags:
            return 0
        struct.pack_into(_RECORD, buf, at, flags, self.used, self._wait_s, self._day_s)
        return struct.calcsize(_RECORD)

    def _unpack(self, data, _version):
        if self.mode != TRIP:
            data = None  # of an earlier mode
        flags, self.used, self._wait_s, self._day_s = unpack(_RECORD, data, (0, 0, 0, 0))
        self.open = bool(flags & _OPEN)
        self.locked = bool(flags & _LOCKED)
        self._in_day = bool(flags & _DAY)

    def open_reasons(self):
        """Return the bits of codes.REASONS that are set."""
        if not self.open or self.mode != TRIP:
            return 0
        return codes.MALIGNANT_LOCKED if self.locked else codes.MALIGNANT_LOAD

    def status(self):
        """Return the bits of codes.STATUS that are set."""
        return codes.STATUS_MALIGNANT if self.open or self.alarm else 0

    def known(self):
        """Return the bits of codes.KNOWN of the last step since the start."""
        bits = codes.KNOWN_MALIGNANT if self._meter.ledger.loaded and not self.blind else 0
        bits |= codes.KNOWN_STEP if self._steps.step_x10 is not None else 0
        return bits | (codes.KNOWN_STEP_PF if self._steps.pf_x1000 is not None else 0)

    def sensed(self, reading, ms):
        """Take a Reading, `ms` of supply time after the one before."""
        if self.mode == OFF:
            return
        w = reading.w_x10
        if w is not None and abs(w) >= _MEASURED_X10:
            self.blind = apparent(reading) is None
        if self._steps.sample(ms, reading) >= RESISTIVE and self._controlled() and not self.open:
            self._found()

    def tick(self, supply_ms, _real_ms):
        """Let supply time pass."""
        self._ms += supply_ms
        if self._ms >= 1000:
            seconds = self._ms // 1000
            self._ms %= 1000
            self._pass(seconds)

    def restore(self):
        """Restore the supply at the order of an operator, a ClearTamperCondition token.

        All restorations of the day are there again. Return False if nothing was changed.
        """
        if not (self.open or self.alarm or self._in_day):
            return False
        self._unpack(None, 0)
        self.alarm = False
        self._meter.events.note(codes.EVENT_MALIGNANT_RESTORED, 1, False)
        return True

    def left(self):
        """Return how many restorations are left this day."""
        return max(0, self.restorations - self.used)

    def _controlled(self):
        watts = self._steps.step_x10 // 10
        for i in range(0, 2 * _INTERVALS, 2):
            if self.values[_LOWS + i] <= watts <= self.values[_HIGHS + i]:
                return True
        return False

    def _found(self):
        self._wait_s = self.values[_RESTORE_S]
        self._meter.panel.show("Heater found", "%d W" % (self._steps.step_x10 // 10))
        if self.mode == ALARM:
            self.alarm = True  # each heater is an event; the wait begins again
        else:
            self.open = True
            self.locked = not self.left()
            if not self._in_day:
                self._in_day = True
                self._day_s = 0
            self._steps.hold()
        code = codes.EVENT_MALIGNANT_LOCKED if self.locked else codes.EVENT_MALIGNANT
        watts = min(self._steps.step_x10 // 10, 0xFFFF)
        self._meter.events.note(code, watts, self.mode == ALARM)

    def _pass(self, seconds):
        if self._in_day:
            self._day_s = min(self._day_s + seconds, _DAY_S)
            if self._day_s == _DAY_S and not self.open:
                self._in_day = False
                self.used = 0
                self._meter.changed()
        if not (self.open or self.alarm) or self.locked:
            return
        self._wait_s = max(0, self._wait_s - seconds)
        if self._wait_s:
            return
        if self.open:
            self.used = min(self.used + 1, 255)
        self.open = self.alarm = False
        self._meter.events.note(codes.EVENT_MALIGNANT_RESTORED, 0, self.mode == ALARM)

    def _step(self):
        steps = self._steps
        if steps.step_x10 is None:
            return None
        watts = "%d W" % (steps.step_x10 // 10)
        pf = steps.pf_x1000
        return watts if pf is None else "%s pf %d.%02d" % (watts, pf // 1000, pf % 1000 // 10)

    def _state(self):
        if self.blind:
            return "Not supported"
        return "Ask operator" if self.locked else "%d" % self.left()

    REGISTERS = {
        "step_w": lambda self: self._steps.step_x10 // 10,
        "step_pf": lambda self: self._steps.pf_x1000,
        "restorations_left": lambda self: 0 if self.locked else self.left(),
    }
    CODES = (
        ("870", "Last step", codes.KNOWN_STEP, _step),
        ("871", "Restorations", 0, _state),
    )
