"""Digits from the key pad, and the short codes that ask for a value."""

from .show import kwh, kwh_exact

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


BACKSPACE = "*"
ENTER = "#"
TOKEN_DIGITS = const(20)
CODE_DIGITS = const(3)
_IDLE_MS = const(20000)  # supply time between two keys, then the entry is forgotten


class Entry:
    """What is being typed. `digits` holds one digit more than a token at most, so that 21 show."""

    def __init__(self):
        self.digits = ""
        self._idle_ms = 0

    def key(self, key):
        """Take a key. The digits when they are entered, else None; an empty entry is nothing."""
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

    def elapsed(self, ms):
        """Let supply time pass: a forgotten entry is cleared."""
        self._idle_ms += ms
        if self._idle_ms >= _IDLE_MS:
            self.digits = ""


def _unit(value, divisor, unit):
    """A quantity in 1/1000 with one decimal, or dashes when the meter cannot tell."""
    if value is None:
        return "---"
    tenths = value // divisor
    return "%d.%d %s" % (tenths // 10, tenths % 10, unit)


def _watts(meter):
    return "---" if meter.reading[2] is None else "%d W" % meter.reading[2]


def _last_amount(meter):
    return "%d.%d kWh" % (meter.state.last_amount // 10, meter.state.last_amount % 10)


# Hexing's numbers where it has one: code -> (label, getter).
SHORT_CODES = {
    "801": ("Credit", lambda meter: kwh_exact(meter.state.account.credit_wh)),
    "802": ("Last result", lambda meter: "%d" % meter.state.last_result),
    "803": ("KRN KT TI", lambda meter: "%d %d %02d" % _key_numbers(meter.state.key)),
    "804": ("Meter number", lambda meter: meter.settings.drn),
    "805": ("Supply group", lambda meter: "%06d" % meter.state.key.sgc),
    "807": ("Voltage", lambda meter: _unit(meter.reading[0], 100, "V")),
    "808": ("Current", lambda meter: _unit(meter.reading[1], 100, "A")),
    "809": ("Power failures", lambda meter: "%d" % meter.state.power_fail_count),
    "814": ("Power", _watts),
    "817": ("Last amount", _last_amount),
    "851": ("Total", lambda meter: kwh(meter.state.account.energy_wh)),
}


def _key_numbers(key):
    return key.krn, key.kt, key.ti
