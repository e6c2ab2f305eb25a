"""The supply: a set of reasons to be open, never a boolean, and the relay that must follow it.

COSEM Disconnect control (class 70): states and transitions. Reasons of the meter's own (no credit)
are local and leave the supply ready for reconnection; it closes by itself when the last one goes,
which is transition h of modes 5 and 6. A meter with a fault is disconnected.
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


class Supply:
    """A feature: see core.py.

    reasons: bits of codes.REASONS. contact_closed: position of the relay contact.
    relay_failed: the contact is not where it was sent.
    """

    def __init__(self, _meter=None):
        self.reasons = 0
        self.contact_closed = False
        self.relay_failed = False
        self._sent = None  # True close, False open, None nothing since power-up
        self._tries = 0
        self._waited_ms = 0

    def control_state(self):
        """Return codes.DISCONNECTED, CONNECTED or READY_FOR_RECONNECTION."""
        if not self.reasons:
            return codes.CONNECTED
        return min(row[2] for row in REASONS if row[0] & self.reasons)

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

    def drive(self, ms):
        """Return the command for the relay: True close, False open, None nothing.

        `ms`: the time since the last call. A command is repeated five times, one second apart, and
        then hourly; at power-up it is given anew.
        """
        closed = not self.reasons
        self._waited_ms += ms
        if closed != self._sent:
            self._tries = 0
            return self._send(closed)
        if self.contact_closed == closed:
            self.relay_failed = False
            self._tries = 0
            self._waited_ms = 0
            return None
        if self._waited_ms < (_RETRY_MS if self._tries <= _RETRIES else _SLOW_RETRY_MS):
            return None
        self.relay_failed = True
        return self._send(closed)

    def _reasons(self):
        return self.reasons

    def _send(self, closed):
        self._sent = closed
        self._tries += 1
        self._waited_ms = 0
        return closed

    REGISTERS = {
        "control_state": control_state,
        "open_reasons": _reasons,
        "power_limit_w": lambda self: 0,
        "device_reasons": _reasons,
        "device_control_state": control_state,
    }
