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
    "step_w": ("W", "active power of the last load switched on"),
    "step_pf": ("1/1000", "its power factor"),
    "restorations_left": ("", "restorations after a malignant load that are left today"),
    "token_ref": ("", "the client's reference, 0 none"),
    "token": ("", "20 digits"),
    "token_command": ("", "1 enters the token"),
    "result": ("", "TokenResult of the entry"),
    "result_ref": ("", "the reference of that result"),
}

# {name of a row of codes.STATUS: meaning}
STATUS = {
    "cover_open": "the cover is open",
    "relay_closed": "the relay contact is closed",
    "not_configured": "settings.json cannot be used",
    "ledger_fault": "the ledger cannot be read or written",
    "relay_fault": "the relay contact is not where it was sent",
    "safe_mode": "the safe application runs",
    "crashed": "there is a crash report",
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
)

# What a meter records. (code, name, meaning)
EVENTS = (
    (1, "power_up", "the meter started"),
    (2, "cover_opened", "the cover was opened"),
    (3, "cover_closed", "the cover was closed"),
    (4, "relay_opened", "the relay contact opened"),
    (5, "relay_closed", "the relay contact closed"),
    (6, "relay_fault", "the relay contact did not follow its command"),
    (7, "token_accepted", "a token was accepted"),
    (8, "ledger_fault", "the ledger could not be read or written"),
    (9, "crashed", "the application ended with an exception"),
    (10, "malignant_detected", "a heater was found that is not allowed"),
    (11, "malignant_restored", "the supply was restored after it, by time or by an operator"),
    (
        12,
        "malignant_locked",
        "no restoration is left today: an operator has to restore the supply",
    ),
)
