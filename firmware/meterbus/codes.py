"""Codes that travel from the meter to the collector and the station, each a row in one table.

The meter's features refer to these constants; the collector, the station and docs/wire.md name the
bits by these rows.
"""

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


# control_state: COSEM Disconnect control (class 70)
DISCONNECTED = const(0)
CONNECTED = const(1)
READY_FOR_RECONNECTION = const(2)

# Bits of open_reasons and device_reasons.
NO_CREDIT = const(1)
NOT_CONFIGURED = const(2)
LEDGER_FAULT = const(4)
SAFE_MODE = const(8)
MALIGNANT_LOAD = const(16)
MALIGNANT_LOCKED = const(32)

# In order of priority: the first that is set is displayed. (bit, name, control_state, text)
REASONS = (
    (SAFE_MODE, "safe_mode", DISCONNECTED, "Safe mode"),
    (LEDGER_FAULT, "ledger_fault", DISCONNECTED, "Memory fault"),
    (NOT_CONFIGURED, "not_configured", DISCONNECTED, "Not set up"),
    (MALIGNANT_LOCKED, "malignant_locked", DISCONNECTED, "Ask operator"),
    (MALIGNANT_LOAD, "malignant_load", READY_FOR_RECONNECTION, "Heater found"),
    (NO_CREDIT, "no_credit", READY_FOR_RECONNECTION, "No credit"),
)

# Bits of status and device_status.
STATUS_COVER_OPEN = const(1)
STATUS_RELAY_CLOSED = const(2)
STATUS_NOT_CONFIGURED = const(4)
STATUS_LEDGER_FAULT = const(8)
STATUS_RELAY_FAULT = const(16)
STATUS_SAFE = const(32)
STATUS_CRASHED = const(64)
STATUS_MALIGNANT = const(128)

# (bit, name)
STATUS = (
    (STATUS_COVER_OPEN, "cover_open"),
    (STATUS_RELAY_CLOSED, "relay_closed"),
    (STATUS_NOT_CONFIGURED, "not_configured"),
    (STATUS_LEDGER_FAULT, "ledger_fault"),
    (STATUS_RELAY_FAULT, "relay_fault"),
    (STATUS_SAFE, "safe_mode"),
    (STATUS_CRASHED, "crashed"),
    (STATUS_MALIGNANT, "malignant_load"),
)

# Bits of `known`: groups of registers that can be read at present.
KNOWN_ALWAYS = const(0)  # the group of registers that are never unknown
KNOWN_LEDGER = const(1)
KNOWN_KEY = const(2)
KNOWN_POWER = const(4)
KNOWN_VOLTAGE = const(8)
KNOWN_CURRENT = const(16)
KNOWN_FREQUENCY = const(32)
KNOWN_STEP = const(64)
KNOWN_STEP_PF = const(128)

CRASH_OBJECT = const(0x80)  # of the device identification (43/14): the last crash in words
