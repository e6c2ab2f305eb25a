"""The meter as a whole: pulses, keys, tokens and time come in; commands and texts go out.

No clock, no board, no waiting: firmware/meter/app.py calls it, and so do the tests.

The meter is a list of features. A feature is an object; whatever it brings is an attribute, and
all of them are optional:

records     rows (tag, version, pack, unpack) of the ledger. pack(buf, at) writes the data and
            returns its length, 0 for no record; unpack(data, version) takes it over, None and 0
            when the ledger has none, or raises ValueError. Data of every released version must
            be understood.
REGISTERS   {name in meterbus.registers: function of the feature}
CODES       short codes, rows (code, label, group of codes.KNOWN, function of the feature)
TOKENS      {class << 4 | subclass: function(feature, token) -> (TokenResult, text)}; a function
            that does not return ACCEPT has changed nothing
open_reasons()
            bits of codes.REASONS: why the supply must be open
status()    bits of codes.STATUS
known()     bits of codes.KNOWN: which of its registers can be read now
sensed(reading, ms)
            there is another measurement, a drivers.reading.Reading, `ms` of supply time after the
            one before; nothing may be allocated unless something is found
tick(supply_ms, real_ms)
            time has passed. Energy flows in supply time, which a simulated board may run faster;
            people need real time.
"""

from sts_portable import results

from .counters import Counters
from .cover import Cover
from .credit.account import Account
from .credit.tokens import Tokens
from .face.entry import CODE_DIGITS, Entry
from .face.panel import Panel, result_words
from .malignant.feature import Malignant
from .metering import Reading
from .settings import Settings
from .store.ledger import Ledger
from .supply import Supply

_SAVE_WH = 10

# (attribute of the meter, class); the class is called with the meter, whose settings are there.
FEATURES = (
    ("account", Account),
    ("counters", Counters),
    ("tokens", Tokens),
    ("supply", Supply),
    ("reading", Reading),
    ("malignant", Malignant),
    ("cover", Cover),
    ("entry", Entry),
    ("panel", Panel),
)


class Meter:
    """`settings`: the dict of settings.json; `store`, `mark`: see boards/README.md.

    settings, ledger and the names in FEATURES are the features; `features` has all of them.
    """

    def __init__(self, settings, store, pulses_per_kwh=1000, wrong="", mark=None):
        """wrong: what else is not set up as it should be, "" for nothing."""
        self.pulses_per_kwh = pulses_per_kwh
        self.settings = Settings(settings, wrong)
        self.ledger = Ledger(store, mark)
        self.features = [self.settings, self.ledger]
        for name, kind in FEATURES:
            feature = kind(self)
            setattr(self, name, feature)
            self.features.append(feature)
        self._tokens = self._table("TOKENS")
        self._reasons = self._methods("open_reasons")
        self._status = self._methods("status")
        self._known = self._methods("known")
        self._ticks = self._methods("tick")
        self._sensed = self._methods("sensed")
        self._number = None  # of the last measurement
        self._measured_ms = 0  # supply time since
        self._unsaved_wh = 0
        self._start(settings.get("ledger_reset"))

    def _table(self, name):
        """Return {key: feature} of all features' tables `name`."""
        return {key: one for one in self.features for key in getattr(one, name, ())}

    def _methods(self, name):
        return [getattr(feature, name) for feature in self.features if hasattr(feature, name)]

    def _start(self, order):
        ledger = self.ledger
        if self.settings.wrong:
            self.panel.show("Not set up", "Check " + self.settings.wrong)
        ledger.open([row for one in self.features for row in getattr(one, "records", ())])
        if ledger.reset(order, self.tokens.refuse_up_to):
            self.panel.show("Ledger reset", "Credit lost")
        elif not ledger.new:
            self.counters.power_failed()
        self.counters.event()
        self._save()
        ledger.note_start(order)
        self._judge()

    # Energy

    def pulse_limit(self):
        """Return how many pulses to take at once: with the last of them the credit is gone."""
        return max(1, self.account.pulses_left())

    def pulses(self, count):
        """Count `count` pulses of energy."""
        self._unsaved_wh += self.account.count(count)
        if self._unsaved_wh >= _SAVE_WH:
            self._save()
        self._judge()

    # Tokens

    def usable(self):
        """Return False while no token can be taken: not configured, or the ledger is at fault."""
        return not self.settings.wrong and not self.ledger.fault

    def enter_token(self, digits, ref=0):
        """Authenticate, validate and execute a token; return the TokenResult.

        `ref`: the bus's reference or 0. What is accepted is in the ledger before this returns.
        NONE: the meter cannot take tokens now, and nothing was changed.
        """
        tokens = self.tokens
        if tokens.accepted(digits, ref):
            return results.ACCEPT
        if not self.usable():
            return results.NONE
        self.ledger.remember()
        result, token = tokens.check(digits)
        effect = ""
        if result == results.ACCEPT:
            result, effect = self._execute(token)
        if result == results.ACCEPT and ref:
            tokens.remember(digits, ref)
        tokens.last_result = result
        self.counters.event()
        if not self._save():
            self.ledger.undo()
            self.panel.show("Memory fault", "Token not taken")
            return results.NONE
        self.panel.show(*result_words(result, effect))
        self._judge()
        return result

    def _execute(self, token):
        """Carry out a checked token and commit it: (TokenResult, text)."""
        code = token.cls << 4 | token.subclass
        feature = self._tokens.get(code)
        if feature is None:
            return results.FUNCTION_ERROR, ""
        result, text = feature.TOKENS[code](feature, token)
        if result == results.ACCEPT:
            result = self.tokens.commit(token)
        return result, text

    # Key pad and display

    def key(self, key):
        """Take a key: a digit, `*` or `#`."""
        self.panel.dismiss()
        entered = self.entry.key(key)
        if entered is None:
            return
        if len(entered) <= CODE_DIGITS:
            self.panel.show(*self.short_code(entered))
        elif self.enter_token(entered) == results.NONE:
            self.panel.show("Token not taken", self.supply.text())

    def short_code(self, code):
        """Return (label, text) of a short code; the text is None if the value is unknown."""
        for feature in self.features:
            for number, label, group, function in getattr(feature, "CODES", ()):
                if number == code:
                    return label, None if group & ~self.known() else function(feature)
        return "Unknown code", code

    def display(self):
        """Return the two lines of the display."""
        credit_wh = self.account.credit_wh if self.ledger.loaded else None
        power_w = self.reading.power_w()
        return self.panel.lines(self.entry.digits, credit_wh, self.supply, power_w)

    # Time and the outside

    def elapsed(self, supply_ms, real_ms):
        """Let time pass: `supply_ms` of supply time, `real_ms` of real time."""
        self._measured_ms += supply_ms
        for tick in self._ticks:
            tick(supply_ms, real_ms)

    def sensed(self, reading, cover_open, relay_closed):
        """Take what the board measures now: see metering.py, cover.py and supply.py."""
        self.reading.values = reading
        number = getattr(reading, "number", None)
        if number != self._number:
            self._number = number
            ms = self._measured_ms
            self._measured_ms = 0
            for sensed in self._sensed:
                sensed(reading, ms)
        cover, supply = self.cover, self.supply
        if cover_open != cover.open or relay_closed != supply.contact_closed:
            cover.open = cover_open
            supply.contact_closed = relay_closed
            self.counters.event()
            self._save()

    def changed(self):
        """Count an event of a feature, write the ledger, and judge anew whether to be open."""
        self.counters.event()
        self._save()
        self._judge()

    def relay_command(self, ms):
        """Return the command for the relay: True close, False open, None nothing."""
        return self.supply.drive(ms)

    # What is read

    def registers(self):
        """Return {name: feature} of the registers that the features bring."""
        return self._table("REGISTERS")

    def status(self):
        """Return the bits of codes.STATUS."""
        bits = 0
        for status in self._status:
            bits |= status()
        return bits

    def known(self):
        """Return the bits of codes.KNOWN: the groups of registers that can be read now."""
        bits = 0
        for known in self._known:
            bits |= known()
        return bits

    def report(self):
        """Return the state as a dict for the board's report; None for what is unknown."""
        kept = self.ledger.loaded
        return {
            "drn": self.settings.drn,
            "credit_wh": self.account.credit_wh if kept else None,
            "energy_wh": self.account.energy_wh if kept else None,
            "power_w": self.reading.power_w(),
            "control_state": self.supply.control_state(),
            "open_reasons": self.supply.reasons,
            "open_text": self.supply.text(),
            "token_result": self.tokens.last_result if kept else None,
            "sequence": self.counters.sequence if kept else None,
            "cover_open": self.cover.open,
            "relay_closed": self.supply.contact_closed,
        }

    def _judge(self):
        bits = 0
        for reasons in self._reasons:
            bits |= reasons()
        self.supply.reasons = bits

    def _save(self):
        """Write the ledger; True if the records are in it now."""
        if self.ledger.save():
            self._unsaved_wh = 0
            return True
        self._judge()
        return False
