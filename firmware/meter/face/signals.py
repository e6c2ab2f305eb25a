"""Buzzer and LED: patterns as data, and the imp/kWh of the light."""

from meterbus import codes

from ..credit.tokens import TAKEN
from ..settings import is_whole

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


CLICK = const(0)
ACCEPTED = const(1)
REFUSED = const(2)
TAMPER = const(3)
LOW_CREDIT = const(4)
_SILENT = const(-1)
_UNIT_MS = const(20)
# (ms until it is repeated, 0 for once; on, off, on, ... in 20 ms)
_PATTERNS = (
    (0, b"\x01"),
    (0, b"\x05\x05\x14"),
    (0, b"\x07\x05\x07\x05\x07"),
    (0, b"\x19\x05\x19\x05\x19\x05\x19"),
    (60000, b"\x05\x05\x05"),
)
_BLINK_MS = const(40)  # on, and the same off: at most 12.5 a second
_WAITING = const(10)  # blinks that are kept while the light blinks as fast as it can
_MOST_IMP = const(10000)
_MOST_WH = const(1000)  # at once: the products fit small ints
_MOST_PULSES = const(1000)


class Signals:
    """A feature: see core.py. buzzer, led: True while they have to be on.

    Settings: `key_click`, false for none; `led_imp_per_kwh`, that of the pulses if not given.
    """

    def __init__(self, meter):
        given = meter.settings.given
        self._meter = meter
        self._account = meter.account
        self._seen_wh = self._seen_rest = None  # of the account at the last tick
        self._click = given.get("key_click") is not False
        self._per_kwh = meter.pulses_per_kwh
        imp = given.get("led_imp_per_kwh")
        self._imp = imp if is_whole(imp, 1, _MOST_IMP) else self._per_kwh
        self._due = 0  # blinks, in 1/_per_kwh
        self._blink_ms = 0
        self.led = False
        self.buzzer = False
        self._pattern = _SILENT
        self._alarm = _SILENT  # the pattern that is repeated
        self._wait_ms = 0  # until then, whatever sounds meanwhile
        self._at = 0
        self._left_ms = 0
        self._open = False

    def play(self, pattern):
        """Start a pattern, CLICK to LOW_CREDIT. One that is repeated goes on until a key."""
        if _PATTERNS[pattern][0]:
            self._alarm = pattern
            self._wait_ms = _PATTERNS[pattern][0]
        self._start(pattern)

    def key(self):
        """End a repeated pattern, and click."""
        self.mute()
        if self._click and self._pattern == _SILENT:
            self._start(CLICK)

    def mute(self):
        """End a repeated pattern."""
        if self._alarm != _SILENT and self._pattern == self._alarm:
            self._end()
        self._alarm = _SILENT

    def result(self, result):
        """Sound the result of a token."""
        self._start(ACCEPTED if result in TAKEN else REFUSED)

    def tick(self, _supply_ms, real_ms):
        """Let real time pass."""
        cover_open = bool(self._meter.tamper.now & codes.METER_COVER)
        if cover_open != self._open:
            self._open = cover_open
            if self._open:
                self._start(TAMPER)
        self._blink(real_ms)
        if self._pattern == _SILENT and self._alarm == _SILENT:
            return
        self._left_ms -= real_ms
        self._wait_ms -= real_ms
        while self._left_ms <= 0 and self._pattern != _SILENT:
            self._next()
        if self._wait_ms <= 0 and self._pattern == _SILENT and self._alarm != _SILENT:
            self.play(self._alarm)

    def _blink(self, ms):
        account = self._account
        if account.energy_wh != self._seen_wh or account.remainder != self._seen_rest:
            self._count(account)
        if self._blink_ms > 0:
            self._blink_ms -= ms
        if self._blink_ms > 0:
            return
        if self.led:
            self.led = False
            self._blink_ms = _BLINK_MS
        elif self._due >= self._per_kwh:
            self._due -= self._per_kwh
            self.led = True
            self._blink_ms = _BLINK_MS

    def _count(self, account):
        """Let the pulses since the last call be due, none if the register began anew."""
        before, rest = self._seen_wh, self._seen_rest
        self._seen_wh, self._seen_rest = account.energy_wh, account.remainder
        if before is None or account.energy_wh < before:
            return
        wh = min(account.energy_wh - before, _MOST_WH)
        pulses = (wh * self._per_kwh + account.remainder - rest) // 1000
        due = self._due + min(pulses, _MOST_PULSES) * self._imp
        self._due = min(due, _WAITING * self._per_kwh)

    def _start(self, pattern):
        self._pattern = pattern
        self._at = 0
        self._left_ms = _PATTERNS[pattern][1][0] * _UNIT_MS
        self.buzzer = True

    def _next(self):
        """Begin the next part of the pattern."""
        durations = _PATTERNS[self._pattern][1]
        self._at += 1
        if self._at >= len(durations):
            self._end()
            return
        self._left_ms += durations[self._at] * _UNIT_MS
        self.buzzer = not self._at & 1

    def _end(self):
        self._pattern = _SILENT
        self.buzzer = False

    def _silence(self):
        self.mute()
        return "Silent"

    CODES = (("812", "Alarm", codes.KNOWN_ALWAYS, _silence),)
