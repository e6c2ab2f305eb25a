"""The meter as a whole: pulses, keys, tokens and time come in; states and texts go out.

No clock, no board, no waiting: firmware/meter/app.py calls it, and so do the tests.
"""

from binascii import crc32

from sts_portable import results
from sts_portable.decoder import Decoder

from . import supply
from .credit import execute
from .face.entry import CODE_DIGITS, SHORT_CODES, Entry
from .face.panel import Panel, result_words
from .settings import Settings
from .store.ledger import Ledger, State

_SAVE_WH = 10


class Meter:
    """`settings`: the dict of settings.json; `store`: where the ledger is; see boards/README.md.

    state: what survives a power failure. supply: the reasons to be open. reading: (mV, mA, W,
    Hz * 100) as the board gave it last. cover_open, relay_closed: as the board says.
    """

    def __init__(self, settings, store, pulses_per_kwh=1000, wrong=""):
        """wrong: what else is not set up as it should be, "" for nothing."""
        self.settings = Settings(settings, wrong)
        self.state = State(self.settings.key, pulses_per_kwh)
        self.supply = supply.Supply()
        self.reading = (None, None, None, None)
        self.cover_open = False
        self.relay_closed = False
        self._ledger = Ledger(store, self.state)
        self._unsaved_wh = 0
        self._decoder = Decoder(self.state.key, self.state.tids, self.settings.mfr_code)
        self._entry = Entry()
        self._panel = Panel()
        self._start()

    def _start(self):
        self.supply.set(supply.NOT_CONFIGURED, bool(self.settings.wrong))
        if self.settings.wrong:
            self._panel.tell("Not set up", "Check " + self.settings.wrong)
        if self._ledger.blank:
            self._save()  # both slots, before anything is promised: see ledger.py
        else:
            self.state.power_fail_count += 1
        self._happened()
        self._save()
        self._judge()

    # Energy

    def pulse_limit(self):
        """How many pulses to take at once: with the last of them the credit is gone."""
        return max(1, self.state.account.pulses_left())

    def pulses(self, count):
        """`count` pulses of energy have flowed."""
        self._unsaved_wh += self.state.account.count(count)
        if self._unsaved_wh >= _SAVE_WH:
            self._save()
        self._judge()

    # Tokens

    def usable(self):
        """False while no token can be taken: not configured, or the ledger is at fault."""
        return not self.settings.wrong and not self._ledger.fault

    def known_result(self, digits, ref):
        """ACCEPT if this is the token that was accepted from the bus last, else NONE."""
        state = self.state
        same = ref and ref == state.bus_ref and crc32(digits.encode()) == state.bus_hash
        return results.ACCEPT if same else results.NONE

    def enter_token(self, digits, ref=0):
        """Authenticate, validate and execute; the TokenResult. `ref`: the bus's reference or 0.

        What is accepted is in the ledger before this returns. NONE: the meter cannot take tokens
        now, and nothing was changed.
        """
        if self.known_result(digits, ref):
            return results.ACCEPT
        if not self.usable():
            return results.NONE
        self._ledger.remember()
        result, token = self._decoder.check(digits)
        effect = ""
        if result == results.ACCEPT:
            result, effect = execute.execute(self.state, token, self._decoder.commit)
        if result == results.ACCEPT and ref:
            self.state.bus_ref = ref
            self.state.bus_hash = crc32(digits.encode())
        self.state.last_result = result
        self._happened()
        if not self._save():
            self._ledger.undo()
            self._panel.tell("Memory fault", "Token not taken")
            return results.NONE
        self._panel.tell(*result_words(result, effect))
        self._judge()
        return result

    # Key pad and display

    def key(self, key):
        """A key was pressed: a digit, `*` or `#`."""
        self._panel.dismiss()
        entered = self._entry.key(key)
        if entered is None:
            return
        if len(entered) > CODE_DIGITS:
            if self.enter_token(entered) == results.NONE:
                self._panel.tell("Token not taken", self.supply.text())
        elif entered in SHORT_CODES:
            label, getter = SHORT_CODES[entered]
            self._panel.tell(label, getter(self))
        else:
            self._panel.tell("Unknown code", entered)

    def display(self):
        """The two lines of the display."""
        state = self.state
        return self._panel.lines(self._entry.digits, state.account, self.supply, self.reading[2])

    # Time and the outside

    def elapsed(self, ms):
        """`ms` of supply time have passed."""
        self._decoder.elapsed(ms)
        self._entry.elapsed(ms)
        self._panel.elapsed(ms)

    def sensed(self, reading, cover_open, relay_closed):
        """What the board sees now."""
        self.reading = reading
        if cover_open != self.cover_open or relay_closed != self.relay_closed:
            self.cover_open = cover_open
            self.relay_closed = relay_closed
            self._happened()
            self._save()

    def relay_command(self, ms):
        """What to do with the relay: True close, False open, None nothing."""
        return self.supply.drive(self.relay_closed, ms)

    def ledger_fault(self):
        """True if the ledger cannot be read or written."""
        return self._ledger.fault

    def report(self):
        """How things stand, for whoever looks over the board's shoulder."""
        state = self.state
        return {
            "drn": self.settings.drn,
            "credit_wh": state.account.credit_wh,
            "energy_wh": state.account.energy_wh,
            "power_w": self.reading[2] or 0,
            "control_state": self.supply.control_state(),
            "open_reasons": self.supply.reasons,
            "open_text": self.supply.text(),
            "token_result": state.last_result,
            "sequence": state.sequence,
            "cover_open": self.cover_open,
            "relay_closed": self.relay_closed,
        }

    def _judge(self):
        self.supply.set(supply.NO_CREDIT, self.state.account.credit_wh <= 0)
        self.supply.set(supply.LEDGER_FAULT, self._ledger.fault)

    def _happened(self):
        self.state.sequence = self.state.sequence + 1 & 0xFFFFFFFF

    def _save(self):
        """True if the state is in the ledger now. A faulty ledger is not written over."""
        if not self._ledger.fault:
            try:
                self._ledger.save()
            except OSError:
                self._ledger.fault = True
                self._judge()
        if self._ledger.fault:
            return False
        self._unsaved_wh = 0
        return True
