"""What a meter reports, in words: kinds of tampering, why its supply is off."""

from meterbus import codes
from uplink.descriptions import names_of

# {name of a row of codes.TAMPER: words}
TAMPER = {
    "meter_cover": "meter cover opened",
    "terminal_cover": "terminal cover opened",
    "magnet": "magnet",
    "reverse": "reversed current",
    "bypass": "bypass",
}
# {name of a row of codes.REASONS: sentence}
REASONS = {
    "safe_mode": "The safe application runs: the meter did not stay up.",
    "ledger_fault": "The memory of the credit is at fault.",
    "not_configured": "The settings cannot be used.",
    "not_measured": "Nothing measures the energy: the metering part is at fault.",
    "remote": "The utility has ordered it.",
    "malignant_locked": "Heaters were found too often: only an operator restores the supply.",
    "switch_test": "A test token tests the contact.",
    "overload": "Overload: more power was taken than is permitted.",
    "malignant_load": "A heater was found that is not allowed.",
    "tamper": "The meter was tampered with.",
    "voltage": "The voltage is not good.",
    "no_credit": "There is no credit.",
    "key_awaited": "Press # to close the supply.",
    "relay_rests": "The contact was closed too often: it waits for up to three minutes.",
}


def tampering(bits: int) -> str:
    """Return bits of codes.TAMPER in words."""
    return kinds(names_of(codes.TAMPER, bits))


def kinds(names: list[str]) -> str:
    """Return names of rows of codes.TAMPER in words; those without a row as they are."""
    return ", ".join(TAMPER.get(name, name) for name in names) or "unknown"
