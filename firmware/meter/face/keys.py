"""What the keys do: entries, short codes, the scroll list, a long press.

A key pad has the digits, `*` (BACKSPACE) and `#` (ENTER). Boards with buttons instead have NEXT, a
short press, HOLD, a press of three seconds, and `*` from a second button.
"""

from sts_portable import results

from ..settings import is_whole
from .entry import BACKSPACE, CODE_DIGITS, ENTER
from .panel import STATE, VALUE
from .signals import REFUSED

NEXT = ">"
HOLD = "!"
NUMBERINGS = ("landis", "conlog", "itron")
_SCROLL = ("801", "851", "814", "817")
_MOST_S = 3600


class Keys:
    """A feature: see core.py.

    Settings: `short_codes`, an alternative numbering (meterbus/short_codes.py); `scroll`, the
    short codes of the scroll list; `scroll_s`, seconds of each item while no key is pressed, 0
    for no scrolling by itself.
    """

    def __init__(self, meter):
        given = meter.settings.given
        self._meter = meter
        numbering = given.get("short_codes")
        self._numbering = numbering if numbering in NUMBERINGS else ""
        listed = given.get("scroll")
        usable = isinstance(listed, list) and all(isinstance(code, str) for code in listed)
        self._list = tuple(listed) if usable else _SCROLL
        every = given.get("scroll_s")
        self._every_ms = 1000 * every if is_whole(every, 0, _MOST_S) else 0
        self._idle_ms = 0
        self._at = 0

    def key(self, key):
        """Take a key."""
        meter = self._meter
        self._idle_ms = 0
        meter.panel.dismiss()
        meter.signals.key()
        if key == HOLD:
            self._hold()
        elif key == NEXT or (key == ENTER and not meter.entry.digits):
            if not meter.pressed():
                self._next()
        else:
            self._digit(key)

    def _digit(self, key):
        meter = self._meter
        if key == BACKSPACE and not meter.entry.digits:
            self._at = 0
        entered = meter.entry.key(key)
        if meter.entry.refused:
            meter.signals.play(REFUSED)
        if entered is None:
            return
        self._at = 0
        if len(entered) <= CODE_DIGITS:
            label, text = self.short_code(entered)
            meter.panel.show(label, text, VALUE)
        elif meter.enter_token(entered, 0, True) == results.NONE:
            meter.panel.show("Token not taken", meter.why_not())
            meter.signals.play(REFUSED)

    def short_code(self, code):
        """Return (label, text) of a short code; the text is None if the value is unknown."""
        if self._numbering:
            # Imported only for the meters that use it.
            from meterbus import short_codes

            code = short_codes.find(self._numbering, code) or code
        meter = self._meter
        for feature in meter.features:
            for number, label, group, function in getattr(feature, "CODES", ()):
                if number == code:
                    return label, None if group & ~meter.known() else function(feature)
            family = getattr(feature, "code", None)
            found = family and family(code)
            if found:
                return found
        return "Unknown code", code

    def tick(self, _supply_ms, real_ms):
        """Show the next item of the scroll list if it is time."""
        if not self._every_ms:
            return
        self._idle_ms += real_ms
        if self._idle_ms < self._every_ms:
            return
        self._idle_ms = 0
        if not self._meter.entry.digits and self._meter.panel.kind() in (STATE, VALUE):
            self._next()

    def _next(self):
        """Show the next item; after the last one, the state."""
        panel = self._meter.panel
        if self._at >= len(self._list):
            self._at = 0
            panel.dismiss()
            return
        label, text = self.short_code(self._list[self._at])
        self._at += 1
        panel.show(label, text, VALUE)

    def _hold(self):
        """Show what the feature with an `emergency` answers to a long press."""
        for feature in self._meter.features:
            if hasattr(feature, "emergency"):
                self._meter.panel.show(*feature.emergency())
                return
        self._meter.panel.show("Emergency", "Not supported")
        self._meter.signals.play(REFUSED)
