"""Codes that travel from the meter to the collector and the station, each a row in one table.

The meter's features refer to these constants; the collector, the station and docs/wire.md name the
bits by these rows.
"""

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


# A clock with a time before the first or from the second on, UTC seconds since 1970, is not set.
FIRST_TIME = 1735689600  # 2025
END_OF_TIME = 4102444800  # 2100

# control_state: COSEM Disconnect control (class 70)
DISCONNECTED = const(0)
CONNECTED = const(1)
READY_FOR_RECONNECTION = const(2)

# Bits of open_reasons and device_reasons.
NO_CREDIT = const(1)
NOT_CONFIGURED = const(2)
LEDGER_FAULT = const(4)
SAFE_MODE = const(8)
OVERLOAD = const(16)
TAMPERED = const(32)
REMOTE = const(64)
VOLTAGE = const(128)
KEY_AWAITED = const(256)
SWITCH_TEST = const(512)
MALIGNANT_LOAD = const(1024)
MALIGNANT_LOCKED = const(2048)
RELAY_RESTS = const(4096)
NOT_MEASURED = const(8192)

# In order of priority: the first that is set is displayed. (bit, name, control_state, text)
REASONS = (
    (SAFE_MODE, "safe_mode", DISCONNECTED, "Safe mode"),
    (LEDGER_FAULT, "ledger_fault", DISCONNECTED, "Memory fault"),
    (NOT_CONFIGURED, "not_configured", DISCONNECTED, "Not set up"),
    (NOT_MEASURED, "not_measured", DISCONNECTED, "Not measured"),
    (REMOTE, "remote", DISCONNECTED, "By utility"),
    (MALIGNANT_LOCKED, "malignant_locked", DISCONNECTED, "Ask operator"),
    (SWITCH_TEST, "switch_test", READY_FOR_RECONNECTION, "Test"),
    (OVERLOAD, "overload", READY_FOR_RECONNECTION, "Overload"),
    (MALIGNANT_LOAD, "malignant_load", READY_FOR_RECONNECTION, "Heater found"),
    (TAMPERED, "tamper", READY_FOR_RECONNECTION, "Tamper"),
    (VOLTAGE, "voltage", READY_FOR_RECONNECTION, "Voltage"),
    (NO_CREDIT, "no_credit", READY_FOR_RECONNECTION, "No credit"),
    (KEY_AWAITED, "key_awaited", READY_FOR_RECONNECTION, "Press #"),
    (RELAY_RESTS, "relay_rests", READY_FOR_RECONNECTION, "Please wait"),
)

# Bits of status and device_status; status_bits.py has their names.
STATUS_COVER_OPEN = const(1)
STATUS_RELAY_CLOSED = const(2)
STATUS_NOT_CONFIGURED = const(4)
STATUS_LEDGER_FAULT = const(8)
STATUS_RELAY_FAULT = const(16)
STATUS_SAFE = const(32)
STATUS_CRASHED = const(64)
STATUS_TAMPER = const(128)
STATUS_LOW_CREDIT = const(256)
STATUS_MALIGNANT = const(512)
STATUS_METERING_FAULT = const(1024)

# Bits of tamper.
METER_COVER = const(1)
TERMINAL_COVER = const(2)
MAGNET = const(4)
REVERSE = const(8)
BYPASS = const(16)

# (bit, name, text)
TAMPER = (
    (METER_COVER, "meter_cover", "Cover"),
    (TERMINAL_COVER, "terminal_cover", "Terminals"),
    (MAGNET, "magnet", "Magnet"),
    (REVERSE, "reverse", "Reverse"),
    (BYPASS, "bypass", "Bypass"),
)

# Codes of events: descriptions.py names them, and the meaning of their data.
EVENT_POWER_UP = const(1)
EVENT_COVER_OPENED = const(2)
EVENT_COVER_CLOSED = const(3)
EVENT_RELAY_OPENED = const(4)
EVENT_RELAY_CLOSED = const(5)
EVENT_RELAY_FAULT = const(6)
EVENT_TOKEN_ACCEPTED = const(7)
EVENT_RESET = const(25)
EVENT_TOKEN_REFUSED = const(10)
EVENT_LOCKED = const(11)
EVENT_DROPPED = const(12)
EVENT_TAMPER = const(13)
EVENT_TAMPER_CLEARED = const(14)
EVENT_ORDER = const(15)
EVENT_KEY_CLOSED = const(16)
EVENT_KEY_OPENED = const(17)
EVENT_OVERLOAD = const(18)
EVENT_OVERLOAD_LOCKED = const(19)
EVENT_VOLTAGE_GOOD = const(20)
EVENT_VOLTAGE_HIGH = const(21)
EVENT_VOLTAGE_LOW = const(22)
EVENT_LOW_CREDIT = const(23)
EVENT_EMERGENCY = const(24)
EVENT_MALIGNANT = const(26)
EVENT_MALIGNANT_LOCKED = const(27)
EVENT_MALIGNANT_RESTORED = const(28)
EVENT_CLOCK_SET = const(29)
EVENT_ADDRESS_SET = const(30)
EVENT_CLOCK_FAULT = const(31)
EVENT_SLOT_DAMAGED = const(32)
EVENT_METERING_FAULT = const(33)
EVENT_ORDER_DONE = const(35)
EVENT_ORDER_REFUSED = const(36)
EVENT_STORE_FAULT = const(37)
EVENT_CLOCK_REFUSED = const(38)

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
KNOWN_MALIGNANT = const(256)
KNOWN_ANSWER = const(512)
KNOWN_TIME = const(1024)

CRASH_OBJECT = const(0x80)  # of the device identification (43/14): the last crash in words
