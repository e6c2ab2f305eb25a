"""The items of the display: the entry, a message, or the state, in this order.

They are not lines: each display lays them out by itself (boards/README.md, firmware/drivers).
"""

from meterbus import codes
from sts_portable import results

from .entry import TOKEN_DIGITS
from .show import kwh

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


# Items.kind, the same numbers as in drivers/display_layout.py.
STATE = const(0)
ENTRY = const(1)
MESSAGE = const(2)
VALUE = const(3)
ALARM = const(4)

NO_RESULT = const(-1)
_MESSAGE_MS = const(30000)  # real time; any key ends it sooner
_SERIAL_MASK = const(0x3FFFFFFF)
_UNKNOWN = "---"
_EIGHTS = "8" * 16

# By TokenResult. The second text of a refusal is the standard's name.
_WORDS = (
    "Not taken",
    "Accepted",
    "Next token",
    "Next token",
    "Too much credit",
    "Wrong key type",
    "Not a token",
    "Out of range",
    "Not supported",
    "Old",
    "Used",
    "Expired",
    "Default key",
    "Wrong token",
    "Other maker",
    "Locked",
    "Please wait",
    "Next token",
    "Next token",
)


def result_words(result, effect):
    """Return (label, value) for a TokenResult, in English. effect: what an accepted token did."""
    label = _WORDS[result] if 0 <= result < len(_WORDS) else _WORDS[0]
    return label, effect if result == results.ACCEPT else results.name(result)


class Items:
    """What is to be displayed; one object, changed in place.

    serial: another number after every change. kind: STATE to ALARM.
    label, value: the name of a quantity and the quantity with its unit, or two texts of a
    message; of an entry, its name and its digits.
    status, detail: STATE: the supply, and why it is off or what flows. ENTRY: status is a hint.
    progress: digits entered, 0 if there is no entry. result: the TokenResult, -1 for none.
    """

    def __init__(self):
        self.serial = 0
        self.kind = STATE
        self.label = self.value = self.status = self.detail = ""
        self.progress = 0
        self.result = NO_RESULT


class Panel:
    """The texts of the display. A feature: see core.py."""

    def __init__(self, meter):
        self._words = meter.words
        self._items = Items()
        self._message = None  # (kind, label, value, result)
        self._shown = None  # the message that the items have
        self._left_ms = 0
        self._credit_wh = self._reasons = self._failed = self._power_w = None
        self._refused = False

    def show(self, label, value, kind=MESSAGE, result=NO_RESULT):
        """Display two texts for 30 s of real time; value None: unknown."""
        text = self._words.text
        self._message = (kind, text(label), _UNKNOWN if value is None else text(value), result)
        self._left_ms = _MESSAGE_MS

    def show_result(self, result, effect):
        """Display a TokenResult in words."""
        label, value = result_words(result, effect)
        self.show(label, value, MESSAGE, result)

    def show_locked(self, seconds):
        """Display that tokens are locked out for `seconds` more."""
        value = self._words.text("Wait %d s") % seconds
        self.show("Locked", value, MESSAGE, results.LOCKOUT_ERROR)

    def dismiss(self):
        """End the message."""
        self._message = None

    def kind(self):
        """Return the kind of the message, STATE if there is none."""
        return self._message[0] if self._message else STATE

    def tick(self, _supply_ms, real_ms):
        """End the message when its time is over."""
        if self._message is None:
            return
        self._left_ms -= real_ms
        if self._left_ms <= 0:
            self._message = None

    def items(self, entry, credit_wh, supply, power_w):
        """Return the Items to be displayed; nothing is allocated if nothing changed.

        entry: the feature. credit_wh, power_w: None if unknown.
        """
        items = self._items
        if entry.digits:
            same = items.kind == ENTRY and entry.digits == items.value
            if not same or entry.refused != self._refused:
                self._show_entry(entry)
        elif self._message:
            if self._message is not self._shown:
                kind, label, value, result = self._message
                self._set(kind, label, value)
                items.result = result
                self._shown = self._message
        elif (
            items.kind != STATE
            or credit_wh != self._credit_wh
            or power_w != self._power_w
            or supply.reasons != self._reasons
            or supply.relay_failed != self._failed
            or not items.serial
        ):
            self._show_state(credit_wh, supply, power_w)
        return items

    def _set(self, kind, label, value, status="", detail=""):
        items = self._items
        items.serial = items.serial + 1 & _SERIAL_MASK or 1
        items.kind = kind
        items.label, items.value = label, value
        items.status, items.detail = status, detail
        items.progress = 0
        items.result = NO_RESULT
        self._shown = None

    def _show_entry(self, entry):
        self._refused = entry.refused
        hint = ""
        if entry.refused:
            hint = self._words.text("20 max")
        elif len(entry.digits) == TOKEN_DIGITS:
            hint = self._words.text("#enter")
        self._set(ENTRY, self._words.text("Token"), entry.digits, hint)
        self._items.progress = len(entry.digits)

    def _show_state(self, credit_wh, supply, power_w):
        self._credit_wh, self._power_w = credit_wh, power_w
        self._reasons, self._failed = supply.reasons, supply.relay_failed
        text = self._words.text
        detail = ""
        if supply.reasons:
            status, detail = text("Off"), text(supply.text())
        elif supply.relay_failed:
            status = text("Relay fault")
        else:
            status, detail = text("On"), _UNKNOWN if power_w is None else "%d W" % power_w
        credit = _UNKNOWN if credit_wh is None else kwh(credit_wh)
        self._set(STATE, text("Credit"), credit, status, detail)

    CODES = (("800", _EIGHTS, codes.KNOWN_ALWAYS, lambda _self: _EIGHTS),)
