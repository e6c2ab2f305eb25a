"""Two lines of 16 characters: the entry, a message, or the state, in this order."""

from meterbus import codes
from sts_portable import results

from .entry import TOKEN_DIGITS
from .show import kwh_short

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


WIDTH = const(16)
_MESSAGE_MS = const(30000)  # real time; any key ends it sooner
_UNKNOWN = "---"

# What the customer reads; the rest are wrong tokens. The second line has the standard's name.
_WORDS = {
    results.ACCEPT: "Accepted",
    results.FIRST_KCT: "Next token",
    results.SECOND_KCT: "Next token",
    results.THIRD_KCT: "Next token",
    results.FOURTH_KCT: "Next token",
    results.USED_ERROR: "Used",
    results.OLD_ERROR: "Old",
    results.KEY_EXPIRED_ERROR: "Expired",
    results.OVERFLOW_ERROR: "Too much credit",
    results.LOCKOUT_ERROR: "Locked",
}


def result_words(result, effect):
    """Return two lines for a TokenResult. effect: what an accepted token did."""
    first = _WORDS.get(result, "Wrong token")
    return first, effect if result == results.ACCEPT else results.name(result)


def _groups(digits):
    return " ".join(digits[i : i + 4] for i in range(0, len(digits), 4))


class Panel:
    """The texts of the display. A feature: see core.py."""

    def __init__(self, _meter=None):
        self._message = None
        self._left_ms = 0

    def show(self, line0, line1):
        """Display a message for 30 s of real time."""
        self._message = (line0, _UNKNOWN if line1 is None else line1)
        self._left_ms = _MESSAGE_MS

    def dismiss(self):
        """End the message."""
        self._message = None

    def tick(self, _supply_ms, real_ms):
        """End the message when its time is over."""
        self._left_ms -= real_ms
        if self._left_ms <= 0:
            self._message = None

    def lines(self, digits, credit_wh, supply, power_w):
        """Return two lines of 16 characters.

        digits: the entry, "" if there is none. credit_wh, power_w: None if unknown.
        """
        if digits:
            hint = " #enter" if len(digits) == TOKEN_DIGITS else ""
            pair = _groups(digits[:12]), _groups(digits[12:]) + hint
        elif self._message:
            pair = self._message
        else:
            pair = _state(credit_wh, supply, power_w)
        return tuple(("%-16s" % line)[:WIDTH] for line in pair)

    CODES = (("800", "8" * WIDTH, codes.KNOWN_ALWAYS, lambda _self: "8" * WIDTH),)


def _state(credit_wh, supply, power_w):
    credit = "Credit%10s" % (_UNKNOWN if credit_wh is None else kwh_short(credit_wh))
    if supply.reasons:
        return credit, "Off " + supply.text()
    if supply.relay_failed:
        return credit, "Relay fault"
    return credit, "On%14s" % (_UNKNOWN if power_w is None else "%d W" % power_w)
