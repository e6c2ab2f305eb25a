"""What the registers and codes mean, for the documents and tools. Boards do not load this module.

A test compares the names with those of registers.py and codes.py.
"""

from . import codes, energy_rows

# What tools read has all registers, also those of features that few meters have.
for _rows in (energy_rows.EXPORT, energy_rows.DEMAND, energy_rows.TARIFFS, energy_rows.MONEY):
    energy_rows.add(_rows)

# {register: (unit, meaning)}. A register of bits has the unit "bits".
REGISTERS = {
    "sdm_voltage": ("V", "voltage"),
    "sdm_current": ("A", "current"),
    "sdm_power": ("W", "active power"),
    "sdm_apparent": ("VA", "apparent power; NaN while it is unknown"),
    "sdm_reactive": ("var", "reactive power; NaN while it is unknown"),
    "sdm_pf": ("", "power factor, negative while energy is exported; NaN while it is unknown"),
    "sdm_sum_power": ("W", "active power of all phases: that of the only one"),
    "sdm_frequency": ("Hz", "frequency"),
    "sdm_import": ("kWh", "imported energy"),
    "sdm_export": ("kWh", "exported energy"),
    "sdm_max_demand": ("W", "maximum demand of this month, of the imported energy"),
    "sdm_max_import_demand": ("W", "the same"),
    "sdm_total": ("kWh", "total energy: imported, and exported where that is counted"),
    "energy_wh": ("Wh", "total imported energy"),
    "credit": ("10 Wh", "electricity credit; -2147483648: it is money, see credit_money"),
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
    "power_w": ("W", "active power that is charged: in both directions, without export"),
    "drn": ("", "decoder reference number"),
    "device_status": ("bits", "as status"),
    "device_reasons": ("bits", "as open_reasons"),
    "device_control_state": ("", "as control_state"),
    "known": ("bits", "groups that can be read"),
    "tamper": ("bits", "tampering since the last token that cleared it"),
    "lockout_s": (
        "s",
        "how long token entry is locked yet, but for the key pad's, 0 if it is not",
    ),
    "unix": ("s", "UTC since 1970; a write sets the meter's clock"),
    "export_wh": ("Wh", "total exported energy"),
    "max_demand_w": ("W", "maximum demand of this month"),
    "max_demand_at": ("s", "UTC since 1970 of the end of its period"),
    "last_max_demand_w": ("W", "maximum demand of the month before"),
    "last_max_demand_at": ("s", "UTC since 1970 of the end of its period"),
    "tariff_1_wh": ("Wh", "imported energy of rate 1"),
    "tariff_2_wh": ("Wh", "imported energy of rate 2"),
    "tariff_3_wh": ("Wh", "imported energy of rate 3"),
    "tariff_4_wh": ("Wh", "imported energy of rate 4"),
    "tariff_now": ("", "the rate that counts, 1 to 4"),
    "credit_money": ("1e-5 of the currency unit", "electricity credit, rounded down"),
    "currency": ("", "of the credit, ISO 4217"),
    "price_now": ("1e-5 of the currency unit", "price of a kWh at the rate that counts"),
    "price_1": ("1e-5 of the currency unit", "price of a kWh of rate 1"),
    "price_2": ("1e-5 of the currency unit", "price of a kWh of rate 2"),
    "price_3": ("1e-5 of the currency unit", "price of a kWh of rate 3"),
    "price_4": ("1e-5 of the currency unit", "price of a kWh of rate 4"),
    "daily_charge": ("1e-5 of the currency unit", "charge for each day of supply time"),
    "prices_crc": ("", "checksum of currency, prices and daily charge"),
    "step_w": ("W", "active power of the last load switched on"),
    "step_pf": ("1/1000", "its power factor"),
    "restorations_left": ("", "restorations after a malignant load that are left today"),
    "token_ref": ("", "the client's reference, 0 none"),
    "token": ("", "20 digits"),
    "token_command": ("", "1 enters the token"),
    "result": ("", "TokenResult of the entry"),
    "result_ref": ("", "the reference of that result"),
    "result_credit": ("Wh", "electricity credit after that token; -2147483648: it is money"),
    "result_sequence": ("", "sequence after that token"),
    "result_mac": ("", "proof of that result, a MAC"),
}

# Write only, not in the table: seven registers of the DRN, then the address on the bus.
ADDRESS_START, ADDRESS_COUNT = 0x1120, 8

# {name of a row of status_bits.STATUS: meaning}
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
    "metering_fault": "the metering part has not measured for a minute or more",
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
    (energy_rows.EXPORT_KNOWN, "export", "exported energy is counted"),
    (energy_rows.DEMAND_KNOWN, "demand", "a period of this month's demand has ended"),
    (energy_rows.LAST_DEMAND_KNOWN, "last_demand", "and one of the month before"),
    (energy_rows.TARIFFS_KNOWN, "tariffs", "the energy of each rate"),
    (energy_rows.MONEY_KNOWN, "money", "the credit is money; it, and the meter's prices"),
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
    (
        codes.EVENT_CLOCK_FAULT,
        "clock_fault",
        "the clock chip: 1 no answer, 2 its time is lost, 3 wrong",
    ),
    (
        codes.EVENT_SLOT_DAMAGED,
        "slot_damaged",
        "one of both slots of the ledger was damaged: 1 the newer, what it had is lost; 0 other",
    ),
    (
        codes.EVENT_METERING_FAULT,
        "metering_fault",
        "the metering part: 1 no answer, 2 damaged answers, 3 reports a fault, 4 implausible, "
        "5 stuck, 0 measures again",
    ),
    (
        energy_rows.EVENT_EMERGENCY_MONEY,
        "emergency_money",
        "emergency credit was taken: whole units of the currency",
    ),
    (codes.EVENT_ORDER_DONE, "order_done", "an order of the station was carried out: its kind"),
    (codes.EVENT_ORDER_REFUSED, "order_refused", "an order was refused: its result"),
    (
        codes.EVENT_STORE_FAULT,
        "store_fault",
        "the memory of the ledger: 1 cannot be written, 0 can be written again",
    ),
    (
        codes.EVENT_CLOCK_REFUSED,
        "clock_refused",
        "the bus would have moved the clock too far, or back: by s, 65535 for more",
    ),
)

# Of every short code: (number, label on the display, meaning)
CODES = (
    ("800", "8888888888888888", "test of the display: all characters of both lines"),
    ("801", "Credit", "credit in kWh with three decimals, or in money with five"),
    ("802", "Last result", "TokenResult of the last token, as a number"),
    ("803", "KRN KT TI", "key revision number, key type, tariff index"),
    ("804", "Meter number", "DRN"),
    ("805", "Supply group", "supply group code"),
    ("807", "Voltage", "V"),
    ("808", "Current", "A"),
    ("809", "Power failures", "starts but for the first one"),
    ("812", "Alarm", "ends an alarm's sound, as every key does"),
    ("814", "Power", "W"),
    ("817", "Last amount", "kWh of the last credit token, or money"),
    ("818", "Tamper", "what was detected since the last token that cleared it"),
    ("819", "Power limit", "W, or that there is none"),
    ("822", "Days left", "how long the credit lasts at the consumption of the last seven days"),
    (
        "823",
        "Price",
        "price of a kWh at the present rate; of a meter with credit in money",
    ),
    ("824", "Daily charge", "charge for each day of supply time; of such a meter"),
    ("830", "Tariff", "the rate that counts now"),
    ("831", "T1", "imported energy of rate 1 in kWh"),
    ("832", "T2", "imported energy of rate 2 in kWh"),
    ("833", "T3", "imported energy of rate 3 in kWh"),
    ("834", "T4", "imported energy of rate 4 in kWh"),
    ("835", "T1", "price of a kWh of rate 1; of a meter with credit in money"),
    ("836", "T2", "price of a kWh of rate 2; of such a meter"),
    ("837", "T3", "price of a kWh of rate 3; of such a meter"),
    ("838", "T4", "price of a kWh of rate 4; of such a meter"),
    ("840", "Max demand", "maximum demand of this month in W"),
    ("841", "Max demand time", "the local time when its period ended"),
    ("842", "Last max demand", "maximum demand of the month before in W"),
    ("843", "Last demand time", "the local time when its period ended"),
    ("851", "Total", "imported energy in kWh"),
    ("852", "Exported", "exported energy in kWh"),
    ("860", "Version", "of the firmware"),
    ("861", "Algorithm", "encryption algorithm, EA"),
    ("862", "Key expiry", "key expiry number"),
    ("863", "Key tokens", "how many tokens a key change may have"),
    ("870", "Last step", "power and power factor of the last load that was switched on"),
    ("871", "Restorations", "how many are left today after a malignant load"),
)

_FREEZE = (
    ("energy_wh", "total imported energy (Wh), u32"),
    ("credit_wh", "electricity credit (Wh), s32; -2147483648: it is money"),
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
            ("count", "of one that can be repeated at will: how many it stands for; else 0, u8"),
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
