"""The items of the display: the entry, a message, or the state, in this order.

They are not lines: each display lays them out by itself (boards/README.md, firmware/drivers).
"""

from meterbus import codes
from sts_portable import results

from .entry import TOKEN_DIGITS

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
_COLUMNS = const(16)  # of the narrowest display
_TURN_MS = const(3000)  # real time
_SHIFT = const(16)
_KEY_AWAITED = const(0x1000000)  # that of codes.REASONS beside those of codes.STATUS
_KINDS = const(25)  # codes.TAMPER above these
_AND = " + "  # between texts that a message has in turn, where one line is too short for all
# What the state has in turn with the supply: (bit, text).
_NOTICES = (
    ((codes.STATUS_TAMPER, "Tamper"),)
    + tuple([(row[0] << _KINDS, row[2]) for row in codes.TAMPER])
    + (
        (codes.STATUS_MALIGNANT, "Heater found"),
        (codes.STATUS_RELAY_FAULT, "Relay fault"),
        (_KEY_AWAITED, "Press #"),
    )
)

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
    """Return (label, value) for a TokenResult, in English. effect: what an accepted token did, why
    another one was refused; without one, a refusal has the standard's name."""
    label = _WORDS[result] if 0 <= result < len(_WORDS) else _WORDS[0]
    return label, effect if effect or result == results.ACCEPT else results.name(result)


class Items:
    """What is to be displayed; one object, changed in place.

    serial: another number after every change. kind: STATE to ALARM.
    label, value: the name of a quantity and the quantity with its unit, or two texts of a
    message; of an entry, its name and its digits.
    status, detail: STATE: the supply, and why it is off or what flows; or a notice, and "". ENTRY:
    status is a hint.
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
        self._meter = meter
        self._items = Items()
        self._message = None  # (kind, label, value, result)
        self._shown = None  # the message that the items have
        self._parts = None  # texts that the message has in turn
        self._left_ms = 0
        self._credit = self._reasons = self._failed = self._power_w = None
        self._refused = False
        self._wait_s = 0  # that the message has, 0 for none
        self._keypad = False  # it is of the key pad's entry
        self._turn = self._turn_ms = 0
        self._notice = ""

    def show(self, label, value, kind=MESSAGE, result=NO_RESULT):
        """Display two texts for 30 s of real time; value None: unknown."""
        text = self._meter.words.text
        value = _UNKNOWN if value is None else text(value)
        self._parts = value.split(_AND) if _AND in value and len(value) > _COLUMNS else None
        self._message = (kind, text(label), self._parts[0] if self._parts else value, result)
        self._left_ms = _MESSAGE_MS
        self._wait_s = 0

    def show_result(self, result, effect, keypad):
        """Display a TokenResult in words, and how long a wrong token has locked the entry.

        keypad: that of the key pad, otherwise the others'.
        """
        label, value = result_words(result, effect)
        wait_s = 0
        if result in (results.CRC_ERROR, results.LOCKOUT_ERROR):
            wait_s = self._meter.lockout.wait_s(keypad)
            if wait_s:
                value = self._meter.words.text("Wait %d s") % wait_s
        self.show(label, value, MESSAGE, result)
        self._wait_s = wait_s
        self._keypad = keypad

    def texts(self):
        """Return the two texts of the message, translated; empty ones without a message."""
        return self._message[1:3] if self._message else ("", "")

    def dismiss(self):
        """End the message."""
        self._message = None

    def kind(self):
        """Return the kind of the message, STATE if there is none."""
        return self._message[0] if self._message else STATE

    def tick(self, _supply_ms, real_ms):
        """End the message when its time is over; count down; show the next notice."""
        self._turn_ms += real_ms
        if self._turn_ms >= _TURN_MS:
            self._turn_ms = 0
            before = self._notice
            self._next_notice(self._meter.supply)
            if self._notice != before:
                self._reasons = None  # the state is to be made anew
            if self._parts and self._message:
                self._parts.append(self._parts.pop(0))
                kind, label, _, result = self._message
                self._message = kind, label, self._parts[0], result
        if self._message is None:
            return
        left_ms = self._left_ms - real_ms
        if self._wait_s:
            wait_s = self._meter.lockout.wait_s(self._keypad)
            if wait_s != self._wait_s:
                self.show_result(self._message[3], "", self._keypad)
                left_ms = wait_s and left_ms  # it is over with the lock
        self._left_ms = left_ms
        if left_ms <= 0:
            self._message = None

    def _next_notice(self, supply):
        told = supply.text() or "Relay fault"
        bits = self._meter.status() | self._meter.tamper.latched << _KINDS
        if supply.reasons & codes.OVERLOAD:
            bits |= (supply.reasons & codes.KEY_AWAITED) << _SHIFT
        while self._turn < len(_NOTICES):
            bit, self._notice = _NOTICES[self._turn]
            self._turn += 1
            if bit & bits and self._notice != told:
                return
        text = self._meter.words.text
        if self._notice != "Off" and supply.reasons and len(text("Off") + text(told)) >= _COLUMNS:
            self._notice = "Off"  # of both, the display has only the reason
            return
        self._turn = 0
        self._notice = ""

    def items(self, entry, credit, supply, power_w):
        """Return the Items to be displayed; nothing is allocated if nothing changed.

        entry: the feature. credit (of the account), power_w: None if unknown.
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
            or credit != self._credit
            or power_w != self._power_w
            or supply.reasons != self._reasons
            or supply.relay_failed != self._failed
            or not items.serial
        ):
            self._show_state(credit, supply, power_w)
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
            hint = self._meter.words.text("20 max")
        elif len(entry.digits) == TOKEN_DIGITS:
            hint = self._meter.words.text("#enter")
        self._set(ENTRY, self._meter.words.text("Token"), entry.digits, hint)
        self._items.progress = len(entry.digits)

    def _show_state(self, credit, supply, power_w):
        self._credit, self._power_w = credit, power_w
        self._reasons, self._failed = supply.reasons, supply.relay_failed
        text = self._meter.words.text
        detail = ""
        if self._notice:
            status = text(self._notice)
        elif supply.reasons:
            status, detail = text("Off"), text(supply.text())
        elif supply.relay_failed:
            status = text("Relay fault")
        elif power_w is not None:
            status, detail = text("On"), "%d W" % power_w
        elif self._meter.metering.failed:
            status = text("Not measured")
        else:
            status, detail = text("On"), _UNKNOWN
        value = _UNKNOWN if credit is None else self._meter.account.text(credit)
        self._set(STATE, text("Credit"), value, status, detail)

    CODES = (("800", _EIGHTS, codes.KNOWN_ALWAYS, lambda _self: _EIGHTS),)
