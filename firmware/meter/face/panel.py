"""Two lines of 16 characters: the message, the entry, or how things stand, in this order."""

from sts_portable import results

from .entry import TOKEN_DIGITS
from .show import kwh_short

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


WIDTH = const(16)
_MESSAGE_MS = const(30000)  # supply time; any key ends it sooner

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
    """Two lines for a TokenResult; `effect` says what an accepted token did."""
    first = _WORDS.get(result, "Wrong token")
    return first, effect if result == results.ACCEPT else results.name(result)


def _groups(digits):
    return " ".join(digits[i : i + 4] for i in range(0, len(digits), 4))


class Panel:
    """What is on the display."""

    def __init__(self):
        self._message = None
        self._left_ms = 0

    def tell(self, line0, line1):
        """Show a message for a while."""
        self._message = (line0, line1)
        self._left_ms = _MESSAGE_MS

    def dismiss(self):
        """End the message."""
        self._message = None

    def elapsed(self, ms):
        """Let supply time pass."""
        self._left_ms -= ms
        if self._left_ms <= 0:
            self._message = None

    def lines(self, digits, account, supply, power_w):
        """The two lines, 16 characters each. `digits`: the entry, "" if there is none."""
        if digits:
            hint = " #enter" if len(digits) == TOKEN_DIGITS else ""
            pair = _groups(digits[:12]), _groups(digits[12:]) + hint
        elif self._message:
            pair = self._message
        else:
            pair = _standing(account, supply, power_w)
        return tuple(("%-16s" % line)[:WIDTH] for line in pair)


def _standing(account, supply, power_w):
    credit = "Credit%10s" % kwh_short(account.credit_wh)
    if supply.reasons:
        return credit, "Off " + supply.text()
    if supply.relay_failed:
        return credit, "Relay fault"
    watts = "---" if power_w is None else "%d W" % power_w
    return credit, "On%14s" % watts
