"""The meter as a whole: pulses, keys, tokens and time come in; commands and items go out.

No clock, no board, no waiting: firmware/meter/app.py calls it, and so do the tests.

The meter is a list of features. A feature is an object; whatever it brings is an attribute, and
all of them are optional:

records     rows (tag, version, pack, unpack) of the ledger. pack(buf, at) writes the data and
            returns its length, 0 for no record; unpack(data, version) takes it over, None and 0
            when the ledger has none, or raises ValueError. Data of every released version must
            be understood.
REGISTERS   {name in meterbus.registers: function of the feature}; a later feature's goes first.
            Rows that few meters have are in meterbus.energy_rows, and the constructor adds them
CODES       short codes, rows (code, label, group of codes.KNOWN, function of the feature); the
            labels and all other texts are English and rows of face/words.csv
code(code)  (label, text) of short codes that are too many for rows; None for other codes
TOKENS      {class << 4 | subclass: function(feature, token) -> (TokenResult, text)}; a function
            that does not return ACCEPT has changed nothing, and its text is why, or ""
FILES       {file of the bus, see meterbus.descriptions: (entries, registers of one,
            function(feature, index, buf))}; the function reads an entry into `buf`, of the
            registers and 4 bytes more, and returns False if there is none. May raise OSError
open_reasons()
            bits of codes.REASONS: why the supply must be open
status()    bits of codes.STATUS
known()     bits of codes.KNOWN_ and of energy_rows: which of its registers can be read now
emergency() (label, text) of what a long press of a button did, for one feature only
sensed(reading, ms)
            there is another measurement, a drivers.reading.Reading, `ms` of supply time after the
            one before; nothing may be allocated unless something is found
tick(supply_ms, real_ms)
            time has passed. Energy flows in supply time, which a simulated board may run faster;
            people need real time.
values      of its rows in meterbus.parameters, which an order may change; adopted() is called then
saved()     the ledger was saved: what follows it, outside of the ledger, can be written
clock_set() the clock was set, by more than it may be wrong
entered(digits, result, keyed, keypad)
            a token was taken or refused, with this TokenResult; keyed: it is of a class that is
            encrypted with the key; keypad: it came from the key pad
pressed()   the enter key was pressed with nothing entered; True if that had an effect

A feature whose records have changed calls changed() of the meter, or events.note() of an event
that is not bounded: the ledger is saved before the meter's method returns. A constructor finds the
dict of settings.json as `settings.given` of the meter, and numbers by `settings.number()`.
"""

from meterbus import codes
from runtime import overlay
from sts_portable import results

from .credit.tokens import TAKEN
from .face.panel import ALARM
from .settings import Settings
from .store.ledger import Ledger

_SAVE_WH = 10
_CLOCK_ERROR_S = 10  # a clock that is set by less is as good as it was


def _unknown():
    """Return None: the time is not known."""


class Meter:
    """`settings`: the dict of settings.json; `store`, `mark`: see boards/README.md.

    settings, ledger and the names in features.py are the features; `features` has all of them.
    act: called with nothing when the supply is to be open, before anything is written: it carries
    out relay_command(0). None for nothing.
    """

    ONCE = ("_start", "_methods", "table")  # see runtime/overlay.py

    def __init__(self, settings, store, pulses_per_kwh=1000, wrong="", mark=None, unix=_unknown):
        """wrong: what else is not set up as it should be, "" for nothing. unix(): returns UTC
        seconds since 1970, None while the time is unknown."""
        self.act = None
        self.pulses_per_kwh = pulses_per_kwh
        self.store = store
        self._unix = unix
        self.settings = Settings(settings, wrong)
        self.ledger = Ledger(store, mark)
        self.ledger.changed = self.changed
        self._failing = False  # the ledger, as was noted last
        self.features = [self.settings, self.ledger]
        # The ranges of settings stay loaded while the features ask for them.
        hold = overlay.call, "meter.features", "add", self
        overlay.call("meterbus.parameters", "call", *hold)
        self.settings.given = None
        self._tokens = self.table("TOKENS")
        self._reasons = self._methods("open_reasons")
        self._status = self._methods("status")
        self._known = self._methods("known")
        self._saved = self._methods("saved")
        self._ticks = self._methods("tick")
        self._keys = self._methods("pressed")
        self._entered = self._methods("entered")
        self._sensed = self._methods("sensed")
        self._number = None  # of the last measurement
        self._measured_ms = 0  # supply time since
        self._unsaved_wh = 0
        self._changed = False
        self._judged = 0  # the account's reasons when the supply was judged last
        self._start(settings.get("ledger_reset"))

    def unix(self):
        """Return UTC seconds since 1970, None while the time is unknown or cannot be."""
        now = self._unix()
        return now if now is None or codes.FIRST_TIME <= now < codes.END_OF_TIME else None

    def table(self, name):
        """Return {key: feature} of all features' tables `name`: TOKENS, REGISTERS or FILES."""
        return {key: one for one in self.features for key in getattr(one, name, ())}

    def _methods(self, name):
        return [getattr(feature, name) for feature in self.features if hasattr(feature, name)]

    def _start(self, order):
        ledger, events = self.ledger, self.events
        if self.settings.wrong:
            what = self.words.text("Check") + " " + self.settings.wrong
            self.panel.show("Not set up", what, ALARM)
        ledger.open([row for one in self.features for row in getattr(one, "records", ())])
        ahead = ledger.loaded and not ledger.new and events.follow(self.store)
        if ledger.reset(order, self.tokens.refuse_up_to):
            self.panel.show("Ledger reset", "Credit lost")
            events.note(codes.EVENT_RESET, 0, False)
        elif not ledger.new:
            events.power_failed()
        if ledger.damaged > 1 - ahead:
            events.note(codes.EVENT_SLOT_DAMAGED, int(ahead), False)
        events.note(codes.EVENT_POWER_UP)
        self._save()
        ledger.note_start(order)
        self._judge()

    # Energy

    def energy(self, part):
        """Count the energy of a metering part since the last call.

        Without the setting "export" energy in the other direction is charged like the imported:
        else a meter whose wires are exchanged would be free.
        """
        pulses = part.take(self.pulse_limit())
        if not self.metering.exports:
            pulses += part.take_export()
        elif getattr(part, "EXPORTS", False):
            self.export.count(part.take_export())
        self.pulses(pulses)

    def pulse_limit(self):
        """Return how many pulses to take at once: with the last of them the credit is gone."""
        return max(1, self.account.pulses_left())

    def pulses(self, count):
        """Count `count` pulses of energy."""
        account = self.account
        self._unsaved_wh += account.count(count)
        noted = self._changed or self.events.noted
        if noted or account.open_reasons() != self._judged:
            self._judge()
        if self._unsaved_wh >= _SAVE_WH or noted:
            self._save()

    # Tokens

    def usable(self):
        """Return False while no token can be taken: not configured, or the ledger is at fault or
        cannot be written."""
        return not self.settings.wrong and not self.ledger.trouble()

    def why_not(self):
        """Return why the meter refuses what it would have to store, for the display."""
        return "Memory fault" if self.ledger.failing else self.supply.text()

    def enter_token(self, digits, ref=0, keypad=False):
        """Authenticate, validate and execute a token; return the TokenResult.

        `ref`: the bus's reference or 0. `keypad`: it came from the key pad. What is accepted is in
        the ledger before this returns. NONE: the meter cannot take tokens now, and nothing was
        changed.
        """
        tokens = self.tokens
        if tokens.accepted(digits, ref):
            return results.ACCEPT
        if not self.usable():
            return results.NONE
        keyed = tokens.needs_key(digits)
        if keyed and self.lockout.wait_s(keypad):
            tokens.last_result = results.LOCKOUT_ERROR
            self.panel.show_result(results.LOCKOUT_ERROR, "", keypad)
            return results.LOCKOUT_ERROR
        self.ledger.remember()
        result, found = tokens.check(digits)
        effect = ""
        if result == results.ACCEPT:
            result, effect = self._execute(found)
        if result == results.ACCEPT and ref and keyed:
            tokens.remember(digits, ref)
        tokens.last_result = result
        for entered in self._entered:
            entered(digits, result, keyed, keypad)
        recorded = self._recorded(result, keyed)
        if ref:
            self.answer.sign(digits, ref, result, keyed)
        if recorded and not self._save():
            self.ledger.undo()
            self.events.forget()
            self._judge()
            return results.NONE
        self.panel.show_result(result, effect, keypad)
        self.signals.result(result)
        self._judge()
        return result

    def _recorded(self, result, keyed):
        """Note the event of a token; return True if the ledger must have its result.

        What can be repeated at will, a refusal, a section of a key change and a token without a
        key, changes nothing but the last result, and is saved as often as there is room for its
        event.
        """
        if result in TAKEN:
            once = keyed and result == results.ACCEPT
            return self.events.note(codes.EVENT_TOKEN_ACCEPTED, result, 0 if once else 1)
        noted = self.events.note(codes.EVENT_TOKEN_REFUSED, result)
        return noted or (keyed and result == results.CRC_ERROR)

    def _execute(self, token):
        """Carry out a checked token and commit it: (TokenResult, text)."""
        code = token.cls << 4 | token.subclass
        feature = self._tokens.get(code)
        if feature is None:
            return results.FUNCTION_ERROR, ""
        result, text = feature.TOKENS[code](feature, token)
        if result == results.ACCEPT:
            result = self.tokens.commit(token)
            text = text if result == results.ACCEPT else ""
        return result, text

    # Key pad and display

    def key(self, key):
        """Take a key: see face/keys.py."""
        self.keys.key(key)
        self._settle()

    def pressed(self):
        """Take the press of the enter key with nothing entered; True if it had an effect."""
        for pressed in self._keys:
            if pressed():
                return True
        return False

    def display(self):
        """Return the Items of the display; see face/panel.py."""
        credit = self.account.credit if self.ledger.loaded else None
        return self.panel.items(self.entry, credit, self.supply, self.metering.power_w())

    # Time and the outside

    def elapsed(self, supply_ms, real_ms):
        """Let time pass: `supply_ms` of supply time, `real_ms` of real time."""
        self._measured_ms += supply_ms
        for tick in self._ticks:
            tick(supply_ms, real_ms)
        if self.ledger.failing != self._failing:
            self._failing = self.ledger.failing
            self.events.note(codes.EVENT_STORE_FAULT, int(self._failing), 0)
            if self._failing:
                self.panel.show("Memory fault", "Token not taken", ALARM)
        self._settle()

    def clock_set(self, moved):
        """Note that the clock was set by `moved` seconds, 65535 for more or an unknown time.

        The bus calls it before its reply: the event is written when time passes.
        """
        if moved < _CLOCK_ERROR_S:
            return
        self.events.note(codes.EVENT_CLOCK_SET, moved)
        for feature in self.features:
            if hasattr(feature, "clock_set"):
                feature.clock_set()

    def sensed(self, reading, switches, relay_closed):
        """Take what the board measures now: see metering.py, tamper/inputs.py, supply/control.py.

        reading: the metering part's Reading, always the same object. switches: bits of
        codes.TAMPER. relay_closed: None if it is unknown.
        """
        self.metering.reading = reading
        if reading.number != self._number:
            self._number = reading.number
            ms = self._measured_ms
            self._measured_ms = 0
            for sensed in self._sensed:
                sensed(reading, ms)
        supply = self.supply
        self.tamper.sense(switches)
        if relay_closed != supply.contact_closed:
            supply.contact_closed = relay_closed
            self.events.note(
                codes.EVENT_RELAY_CLOSED if relay_closed else codes.EVENT_RELAY_OPENED
            )
        self._settle()

    def changed(self):
        """Note that records have changed: they are saved before the meter's method returns."""
        self._changed = True

    def _settle(self):
        """Judge the supply after whatever has happened, and then save what has changed."""
        if self._changed or self.events.happened:
            self._judge()
        if self._changed or self.events.noted:
            self._save()

    def relay_command(self, ms):
        """Return the command for the relay: True close, False open, None nothing."""
        return self.supply.drive(ms)

    # What is read

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
        return bits if self.unix() is None else bits | codes.KNOWN_TIME

    def report(self):
        """Return the state as a dict for the board's report; None for what is unknown."""
        kept = self.ledger.loaded
        return {
            "drn": self.settings.drn,
            "credit_wh": self.account.credit if kept else None,
            "energy_wh": self.account.energy_wh if kept else None,
            "power_w": self.metering.power_w(),
            "control_state": self.supply.control_state(),
            "open_reasons": self.supply.reasons,
            "open_text": self.supply.text(),
            "token_result": self.tokens.last_result if kept else None,
            "sequence": self.events.sequence if kept else None,
            "status": self.status(),
            "tamper": self.tamper.latched if kept else None,
            "lockout_s": max(self.lockout.wait_s(), self.lockout.wait_s(True)) if kept else None,
        }

    def _judge(self):
        bits = 0
        for reasons in self._reasons:
            bits |= reasons()
        self._judged = self.account.open_reasons()
        self.supply.judge(bits)
        self.events.happened = False
        if self.supply.reasons and self.act:
            self.act()

    def _save(self):
        """Write the ledger; True if the records are in it now."""
        self._changed = False
        if self.ledger.save():
            self._unsaved_wh = 0
            for saved in self._saved:
                saved()
            return True
        self.events.noted = False
        return False
