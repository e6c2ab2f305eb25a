"""The supply: a set of reasons to be open, never a boolean, and the relay that must obey it.

COSEM Disconnect control (class 70): states and transitions. Reasons of the meter's own (no credit)
are local and leave the supply ready for reconnection; it closes by itself when the last one goes,
which is transition h of modes 5 and 6. A meter that cannot trust itself is disconnected.
"""

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


# control_state
DISCONNECTED = const(0)
CONNECTED = const(1)
READY_FOR_RECONNECTION = const(2)

NO_CREDIT = const(1)
NOT_CONFIGURED = const(2)
LEDGER_FAULT = const(4)

# In order of priority: the first that is set is displayed. (bit, control_state, text)
REASONS = (
    (LEDGER_FAULT, DISCONNECTED, "Memory fault"),
    (NOT_CONFIGURED, DISCONNECTED, "Not set up"),
    (NO_CREDIT, READY_FOR_RECONNECTION, "No credit"),
)

_RETRY_MS = const(1000)
_RETRIES = const(5)
_SLOW_RETRY_MS = const(3600000)


class Supply:
    """reasons: a bit each, see REASONS. relay_failed: the contact is not where it was sent."""

    def __init__(self):
        self.reasons = 0
        self.relay_failed = False
        self._sent = None  # True close, False open, None nothing since power-up
        self._tries = 0
        self._waited_ms = 0

    def set(self, reason, present):
        """Put a reason into the set or take it out."""
        self.reasons = self.reasons | reason if present else self.reasons & ~reason

    def control_state(self):
        """DISCONNECTED, CONNECTED or READY_FOR_RECONNECTION."""
        if not self.reasons:
            return CONNECTED
        return min(row[1] for row in REASONS if row[0] & self.reasons)

    def text(self):
        """The reason to be displayed, or ""."""
        for bit, _, text in REASONS:
            if bit & self.reasons:
                return text
        return ""

    def drive(self, contact_closed, ms):
        """What to do with the relay now: True close, False open, None nothing.

        `contact_closed` is what the contact is, `ms` the time since the last call. A command is
        repeated five times, one second apart, and then hourly; at power-up it is given anew.
        """
        wanted = not self.reasons
        self._waited_ms += ms
        if wanted != self._sent:
            self._tries = 0
            return self._send(wanted)
        if contact_closed == wanted:
            self.relay_failed = False
            self._tries = 0
            self._waited_ms = 0
            return None
        if self._waited_ms < (_RETRY_MS if self._tries <= _RETRIES else _SLOW_RETRY_MS):
            return None
        self.relay_failed = True
        return self._send(wanted)

    def _send(self, wanted):
        self._sent = wanted
        self._tries += 1
        self._waited_ms = 0
        return wanted
