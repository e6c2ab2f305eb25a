"""What the registers and codes mean, for the documents and tools. Boards do not load this module.

A test compares the names with those of registers.py and codes.py.
"""

from . import codes

# {register: (unit, meaning)}. A register of bits has the unit "bits".
REGISTERS = {
    "sdm_voltage": ("V", "voltage"),
    "sdm_current": ("A", "current"),
    "sdm_power": ("W", "active power"),
    "sdm_frequency": ("Hz", "frequency"),
    "sdm_import": ("kWh", "imported energy"),
    "sdm_total": ("kWh", "total energy: the imported energy"),
    "energy_wh": ("Wh", "total imported energy"),
    "credit": ("10 Wh", "electricity credit"),
    "control_state": ("", "0 disconnected, 1 connected, 2 ready"),
    "open_reasons": ("bits", "why the relay is open"),
    "token_result": ("", "TokenResult of the last token"),
    "sequence": ("", "grows with every event"),
    "power_fail_count": ("", "power failures"),
    "power_limit_w": ("W", "maximum power limit, 0 none"),
    "krn": ("", "key revision number"),
    "ti": ("", "tariff index"),
    "sgc": ("", "supply group code"),
    "ken": ("", "key expiry number"),
    "kt": ("", "key type"),
    "status": ("bits", "state of the device"),
    "power_w": ("W", "active power"),
    "drn": ("", "decoder reference number"),
    "device_status": ("bits", "as status"),
    "device_reasons": ("bits", "as open_reasons"),
    "device_control_state": ("", "as control_state"),
    "known": ("bits", "groups that can be read"),
    "tamper": ("bits", "tampering since the last token that cleared it"),
    "lockout_s": ("s", "how long token entry is locked yet, 0 if it is not"),
    "unix": ("s", "UTC since 1970; a write sets the meter's clock"),
    "step_w": ("W", "active power of the last load switched on"),
    "step_pf": ("1/1000", "its power factor"),
    "restorations_left": ("", "restorations after a malignant load that are left today"),
    "token_ref": ("", "the client's reference, 0 none"),
    "token": ("", "20 digits"),
    "token_command": ("", "1 enters the token"),
    "result": ("", "TokenResult of the entry"),
    "result_ref": ("", "the reference of that result"),
    "result_credit": ("Wh", "electricity credit after that token"),
    "result_sequence": ("", "sequence after that token"),
    "result_mac": ("", "proof of that result, a MAC"),
}

# Write only, not in the table: seven registers of the DRN, then the address on the bus.
ADDRESS_START, ADDRESS_COUNT = 0x1120, 8

# {name of a row of codes.STATUS: meaning}
STATUS = {
    "cover_open": "the cover is open",
    "relay_closed": "the relay contact is closed",
    "not_configured": "settings.json cannot be used",
    "ledger_fault": "the ledger cannot be read or written",
    "relay_fault": "the relay contact is not where it was sent",
    "safe_mode": "the safe application runs",
    "crashed": "there is a crash report",
    "tamper": "tampering was detected",
    "low_credit": "the credit is below an alarm level",
    "malignant_load": "a heater was found that is not allowed",
}

# Groups of registers that can be read at present. (bit of `known`, name, meaning)
KNOWN = (
    (codes.KNOWN_LEDGER, "ledger", "what the ledger keeps: energy, credit, results, counters"),
    (codes.KNOWN_KEY, "key", "the key register: krn, ti, sgc, ken, kt"),
    (codes.KNOWN_POWER, "power", "active power"),
    (codes.KNOWN_VOLTAGE, "voltage", "voltage"),
    (codes.KNOWN_CURRENT, "current", "current"),
    (codes.KNOWN_FREQUENCY, "frequency", "frequency"),
    (codes.KNOWN_STEP, "step", "a load was switched on since the start"),
    (codes.KNOWN_STEP_PF, "step_pf", "and its power factor is known"),
    (codes.KNOWN_MALIGNANT, "malignant", "malignant loads are recognised by this meter"),
    (codes.KNOWN_ANSWER, "answer", "the last token from the bus has a result with its proof"),
    (codes.KNOWN_TIME, "time", "the clock"),
)

# What a meter records. (code, name, meaning with that of its data)
EVENTS = (
    (codes.EVENT_POWER_UP, "power_up", "the meter started"),
    (codes.EVENT_COVER_OPENED, "cover_opened", "the cover was opened"),
    (codes.EVENT_COVER_CLOSED, "cover_closed", "the cover was closed"),
    (codes.EVENT_RELAY_OPENED, "relay_opened", "the relay contact opened"),
    (codes.EVENT_RELAY_CLOSED, "relay_closed", "the relay contact closed"),
    (codes.EVENT_RELAY_FAULT, "relay_fault", "the contact did not follow: 1 closing, 0 opening"),
    (codes.EVENT_TOKEN_ACCEPTED, "token_accepted", "a token was accepted: TokenResult"),
    (codes.EVENT_RESET, "ledger_reset", "a technician's order began a new ledger"),
    (codes.EVENT_TOKEN_REFUSED, "token_refused", "a token was refused: TokenResult"),
    (codes.EVENT_LOCKED, "locked", "token entry was locked after wrong tokens: seconds"),
    (codes.EVENT_DROPPED, "dropped", "too many events: how many were not recorded"),
    (codes.EVENT_TAMPER, "tamper", "tampering: a bit of tamper, 256 more: without power"),
    (codes.EVENT_TAMPER_CLEARED, "tamper_cleared", "a token cleared these bits of tamper"),
    (codes.EVENT_ORDER, "order", "the utility's order: 1 connect, 0 disconnect"),
    (codes.EVENT_KEY_CLOSED, "key_closed", "a key closed the supply"),
    (codes.EVENT_KEY_OPENED, "key_opened", "a key opened the supply"),
    (codes.EVENT_OVERLOAD, "overload", "the limit was exceeded, the supply opened: W"),
    (codes.EVENT_OVERLOAD_LOCKED, "overload_locked", "so often that it stays open: W"),
    (codes.EVENT_VOLTAGE_GOOD, "voltage_good", "the voltage is good again: 0.1 V"),
    (codes.EVENT_VOLTAGE_HIGH, "voltage_high", "over-voltage: 0.1 V"),
    (codes.EVENT_VOLTAGE_LOW, "voltage_low", "under-voltage: 0.1 V"),
    (codes.EVENT_LOW_CREDIT, "low_credit", "the credit is low: the level, 1 or 2"),
    (codes.EVENT_EMERGENCY, "emergency", "emergency credit was taken: 10 Wh"),
    (codes.EVENT_MALIGNANT, "malignant_detected", "a heater was found: W of its step"),
    (codes.EVENT_MALIGNANT_LOCKED, "malignant_locked", "only an operator restores the supply"),
    (
        codes.EVENT_MALIGNANT_RESTORED,
        "malignant_restored",
        "0 by time, 1 by an operator",
    ),
    (codes.EVENT_CLOCK_SET, "clock_set", "the clock was set: by s, 65535 for more or unknown"),
    (codes.EVENT_ADDRESS_SET, "address_set", "the bus gave the meter this address"),
)

# Of every short code: (number, label on the display, meaning)
CODES = (
    ("800", "8888888888888888", "test of the display: all characters of both lines"),
    ("801", "Credit", "credit in kWh, with three decimals"),
    ("802", "Last result", "TokenResult of the last token, as a number"),
    ("803", "KRN KT TI", "key revision number, key type, tariff index"),
    ("804", "Meter number", "DRN"),
    ("805", "Supply group", "supply group code"),
    ("807", "Voltage", "V"),
    ("808", "Current", "A"),
    ("809", "Power failures", "starts but for the first one"),
    ("812", "Alarm", "ends an alarm's sound, as every key does"),
    ("814", "Power", "W"),
    ("817", "Last amount", "kWh of the last credit token"),
    ("818", "Tamper", "what was detected since the last token that cleared it"),
    ("819", "Power limit", "W"),
    ("822", "Days left", "how long the credit lasts at the consumption of the last seven days"),
    ("851", "Total", "imported energy in kWh"),
    ("860", "Version", "of the firmware"),
    ("861", "Algorithm", "encryption algorithm, EA"),
    ("862", "Key expiry", "key expiry number"),
    ("863", "Key tokens", "how many tokens a key change may have"),
    ("870", "Last step", "power and power factor of the last load that was switched on"),
    ("871", "Restorations", "how many are left today after a malignant load"),
)

_FREEZE = (
    ("energy_wh", "total imported energy (Wh), u32"),
    ("credit_wh", "electricity credit (Wh), s32"),
    ("most_flags", "flags of the half hour with the most energy, u8"),
    ("most", "its number, half hours since 1970, u24"),
    ("most_wh", "its energy (Wh), u16; these three have all bits set if it is unknown"),
    ("flags", "those of the half hour with which the next day began, u16"),
)

# The features of the meter have these numbers and flags in constants of their own, which take no
# heap; a test compares them.
FILE_EVENTS, FILE_PROFILE, FILE_DAYS, FILE_MONTHS = 1, 2, 3, 4
NEWEST_FIRST = "the newest first"
POWER_FAILED, CLOCK_SET, NO_TIME, OVERFLOW = 1, 2, 4, 8

# Files of function 20. (number, name, entries, form of an entry with its number in front, order,
# fields)
FILES = (
    (
        FILE_EVENTS,
        "events",
        128,
        ">IIBBH",
        NEWEST_FIRST,
        (
            ("number", "the sequence of the event, u32"),
            ("unix", "UTC seconds since 1970, all bits set: unknown, u32"),
            ("code", "of the event, u8"),
            ("0", "u8"),
            ("data", "of the event, u16"),
        ),
    ),
    (
        FILE_PROFILE,
        "profile",
        1680,
        ">IIH",
        NEWEST_FIRST,
        (
            ("number", "grows by one with each entry, u32"),
            ("flags", "see below, u8"),
            ("interval", "half hours since 1970 UTC, u24"),
            ("wh", "imported energy (Wh), u16"),
        ),
    ),
    (
        FILE_DAYS,
        "days",
        62,
        ">IIiIHH",
        "by day: that of the local day number N is entry N modulo 62",
        (("number", "the local day that ended, days since 1970, u32"),) + _FREEZE,
    ),
    (
        FILE_MONTHS,
        "months",
        24,
        ">IIiIHH",
        "by month: that of number N is entry N modulo 24",
        (("number", "the month that ended, 12 * year + month - 1, u32"),) + _FREEZE,
    ),
)

# Flags of an entry of the profile, and of a freeze. (bit, name, meaning)
PROFILE_FLAGS = (
    (POWER_FAILED, "power_failed", "without power for a part of it"),
    (CLOCK_SET, "clock_set", "the clock was set in it: it is shorter or longer"),
    (NO_TIME, "no_time", "the time was unknown: it has no number"),
    (OVERFLOW, "overflow", "more than 65535 Wh"),
)
