"""What a simulated meter reports, in words: why its supply is open, and its alarms."""

from collections.abc import Mapping
from typing import Any

from meterbus import codes, status_bits
from tjugo.meter_words import REASONS, tampering
from uplink import descriptions

# Bits of status that are alarms and no reason that keeps the supply open.
ALARMS = {
    "relay_fault": "The contact of the supply is not where it was sent.",
    "metering_fault": "The metering part does not measure.",
    "low_credit": "The credit is low.",
    "malignant_load": "A heater was found that is not allowed.",
}

# What the safe application has on the bus; all else is unknown.
SAFE_REPORT = {"open_reasons": codes.SAFE_MODE, "control_state": codes.DISCONNECTED}
POWER_CUT = "Power cut: the meter is off."


def reasons(report: Mapping[str, Any]) -> list[str]:
    """Return why the supply is open, the most important reason first."""
    bits = report.get("open_reasons") or 0
    return [REASONS[name] for name in descriptions.names_of(codes.REASONS, bits)]


def crash(selftest: Mapping[str, Any]) -> list[str]:
    """Return why the safe application runs. selftest: what it reports at its start."""
    if selftest.get("safe") == "update":
        return ["Its files are being replaced."]
    return [f"Crash: {selftest.get('last_crash') or 'unknown'}"]


def alarms(report: Mapping[str, Any]) -> list[str]:
    """Return the alarms of a meter besides the reasons why its supply is open."""
    found = []
    if latched := report.get("tamper"):
        found.append(f"Tampering: {tampering(latched)}.")
    if locked_s := report.get("lockout_s"):
        found.append(f"Wrong tokens: the entry is locked for {locked_s} s.")
    status = descriptions.names_of(status_bits.STATUS, report.get("status") or 0)
    open_for = reasons(report)
    found += [ALARMS[name] for name in status if name in ALARMS and ALARMS[name] not in open_for]
    return found
