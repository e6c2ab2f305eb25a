"""The supply: a set of reasons to be open, never a boolean, and the relay that must follow it.

COSEM Disconnect control (class 70). Reasons of the meter's own (no credit, overload) are local and
leave the supply ready for reconnection; an order of the utility, and a fault, disconnect it. The
control mode permits the transitions: whether the supply closes by itself when the last local
reason is gone (h), or waits for a key (e); whether it closes on the utility's order to reconnect
(a), or waits for a key (d, e); whether a key may open it (f).
"""

from meterbus import codes
from meterbus.codes import REASONS

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_RETRY_MS = const(1000)
_RETRIES = const(5)
_SLOW_RETRY_MS = const(3600000)
# Closing wears the contact: ten in a row, then one in three minutes. Opening never waits.
_CLOSINGS = const(10)
_ONE_MORE_MS = const(180000)

_ALWAYS_ON = const(0)
_CLOSES_ITSELF = (5, 6, 7)  # h
_REMOTE_CLOSES = (2, 4, 7)  # a
_KEY_OPENS = (1, 2, 5)  # f
_REMOTE = const(1)  # bits of the record
_WAITS = const(2)
_FRIENDLY = const(4)
# Neither faults nor local: after them no mode waits for a key that did not wait before.
_NOT_LOCAL = codes.REMOTE | codes.KEY_AWAITED | codes.SWITCH_TEST | codes.RELAY_RESTS
# These are not the customer's: they open the supply in each mode, and a key does not close it.
_FAULTS = codes.SAFE_MODE | codes.LEDGER_FAULT | codes.NOT_CONFIGURED | codes.NOT_MEASURED


class Supply:
    """A feature: see core.py.

    reasons: bits of codes.REASONS. contact_closed: position of the relay contact.
    relay_failed: the contact is not where it was sent.
    remote: the utility has ordered it to be open. waits: a key must be pressed to close it.
    holds: it is not closed yet after the start (voltage.py).
    """

    def __init__(self, meter):
        self._meter = meter
        self.mode = meter.settings.number("control_mode", 6, 0, 7)
        self.reasons = 0
        self.contact_closed = False
        self.relay_failed = False
        self.remote = self.waits = self.holds = False
        self._sent = None  # True close, False open, None nothing since power-up
        self._tries = 0
        self._waited_ms = 0
        self._closings = _CLOSINGS
        self._closings_ms = 0
        self.records = ((8, 2, self._pack, self._unpack),)

    def open_reasons(self):
        """Return the bits of codes.REASONS that are its own."""
        own = (codes.REMOTE if self.remote else 0) | (codes.KEY_AWAITED if self.waits else 0)
        return own | self.reasons & codes.RELAY_RESTS

    def judge(self, bits):
        """Take all reasons to be open: bits of codes.REASONS."""
        if self.mode == _ALWAYS_ON:
            bits &= _FAULTS | codes.RELAY_RESTS
        local = bits & ~(_FAULTS | _NOT_LOCAL)
        if local and not self.waits and self.mode not in _CLOSES_ITSELF:
            self.waits = True
            bits |= codes.KEY_AWAITED
        self.reasons = bits

    def order(self, connect):
        """Carry out the utility's order. Return False if the mode does not permit it."""
        if self.mode == _ALWAYS_ON:
            return connect
        if self.remote and connect:
            self.waits = self.waits or self.mode not in _REMOTE_CLOSES
        self.remote = not connect
        self._meter.events.note(codes.EVENT_ORDER, int(connect), 0)
        return True

    def pressed(self):
        """Close the supply if it waits for a key; return True if it was so."""
        if not self.waits or self.reasons & ~(codes.KEY_AWAITED | codes.RELAY_RESTS):
            return False
        self.waits = False
        self._meter.events.note(codes.EVENT_KEY_CLOSED)
        return True

    def key_opens(self):
        """Open the supply by a key; return False if the mode does not permit it."""
        if self.mode not in _KEY_OPENS or self.waits:
            return False
        self.waits = True
        self._meter.events.note(codes.EVENT_KEY_OPENED)
        return True

    def control_state(self):
        """Return codes.DISCONNECTED, CONNECTED or READY_FOR_RECONNECTION."""
        reasons = self.reasons
        if not reasons:
            return codes.CONNECTED
        state = codes.READY_FOR_RECONNECTION
        for bit, _, of_reason, _ in REASONS:
            if bit & reasons:
                state = min(state, of_reason)
        return state

    def text(self):
        """Return the reason to be displayed, or ""."""
        for bit, _, _, text in REASONS:
            if bit & self.reasons:
                return text
        return ""

    def status(self):
        """Return the bits of codes.STATUS that are set."""
        closed = codes.STATUS_RELAY_CLOSED if self.contact_closed else 0
        return closed | (codes.STATUS_RELAY_FAULT if self.relay_failed else 0)

    def opened_ms(self):
        """Return for how long the relay has been sent to open without a new command, ms; 0 while
        it is sent to close."""
        return self._waited_ms if self._sent is False else 0

    def drive(self, ms):
        """Return the command for the relay: True close, False open, None nothing.

        `ms`: the time since the last call. A command is repeated five times, one second apart, and
        then hourly; at power-up it is given anew.
        """
        self._rest(ms)
        self.reasons &= ~codes.RELAY_RESTS
        closed = not self.reasons
        self._waited_ms += ms
        if closed != self._sent:
            if closed and (self.holds or not self._closings):
                self.reasons = codes.RELAY_RESTS  # closed too often: it waits, and shows so
                return None
            self._tries = 0
            return self._send(closed)
        if self.contact_closed == closed:
            self.relay_failed = False
            self._tries = 0
            self._waited_ms = min(self._waited_ms, _SLOW_RETRY_MS)
            return None
        if self._waited_ms < (_RETRY_MS if self._tries <= _RETRIES else _SLOW_RETRY_MS):
            return None
        if not self.relay_failed:
            self.relay_failed = True
            self._meter.events.note(codes.EVENT_RELAY_FAULT, int(closed), 2)
        return self._send(closed)

    def _rest(self, ms):
        if self._closings == _CLOSINGS:
            return
        self._closings_ms += ms
        if self._closings_ms >= _ONE_MORE_MS:
            self._closings_ms = 0
            self._closings += 1

    def _send(self, closed):
        if closed and self._sent is not True:
            self._closings -= 1
        self._sent = closed
        self._tries += 1
        self._waited_ms = 0
        return closed

    def _pack(self, buf, at):
        buf[at] = (_REMOTE if self.remote else 0) | (_WAITS if self.waits else 0)
        buf[at] |= _FRIENDLY if self._meter.account.friendly else 0
        return 1 if buf[at] else 0

    def _unpack(self, data, _version):
        if data is not None and len(data) != 1:
            raise ValueError("supply")
        bits = data[0] if data else 0
        self.remote = bool(bits & _REMOTE)
        self.waits = bool(bits & _WAITS)
        friendly = getattr(self._meter, "friendly", None)
        self._meter.account.friendly = bool(friendly and bits & _FRIENDLY and friendly.now())

    def _reasons(self):
        return self.reasons

    REGISTERS = {
        "control_state": control_state,
        "open_reasons": _reasons,
        "device_reasons": _reasons,
        "device_control_state": control_state,
    }
