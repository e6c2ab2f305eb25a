"""Alarms of meters: what in a reading needs a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, literal_column, select

from meterbus import codes
from tjugo import meter_words
from tjugo.station.storage.tables import Meter, MeterReading
from tjugo.station.work import View
from uplink.descriptions import names_of

TAMPER, COVER_OPEN, LOCKED, HEATER, RELAY_FAULT = 1, 2, 4, 8, 16
SAFE_MODE, LEDGER_FAULT, NOT_CONFIGURED, METERING_FAULT = 32, 64, 128, 256
# (bit, name, words). Bits are stored: the meaning of one never changes.
ALARMS = (
    (TAMPER, "tamper", "tampering"),
    (COVER_OPEN, "cover_open", "meter cover open"),
    (LOCKED, "malignant_locked", "locked after heaters"),
    (HEATER, "malignant_load", "heater not allowed"),
    (RELAY_FAULT, "relay_fault", "relay fault"),
    (SAFE_MODE, "safe_mode", "safe mode"),
    (LEDGER_FAULT, "ledger_fault", "ledger fault"),
    (NOT_CONFIGURED, "not_configured", "not configured"),
    (METERING_FAULT, "metering_fault", "nothing measures"),
)
WORDS = {name: words for _, name, words in ALARMS}
_SHOWN = 3
# Of the status, a bit each; LOCKED is of the open reasons.
_STATUS = tuple((bit, name) for bit, name, _ in ALARMS if bit != LOCKED)


@dataclass(frozen=True)
class AlarmCount:
    """How many meters have an alarm. name: see ALARMS; drns: the first of them."""

    name: str
    words: str
    count: int
    drns: list[str]


def of(values: Mapping[str, Any]) -> int | None:
    """Return the bits of a reading's alarms, None if nothing of them is known. values: the columns
    of meter_reading."""
    reasons = values["open_reasons"]
    if reasons is None and all(values[name] is None for _, name in _STATUS):
        return None
    bits = sum(bit for bit, name in _STATUS if values[name])
    if (reasons or 0) & codes.MALIGNANT_LOCKED:
        bits = bits & ~HEATER | LOCKED
    return bits


def names(bits: int) -> list[str]:
    """Return the names of alarms, in the order of the table."""
    return list(names_of(ALARMS, bits))


def texts(reading: Mapping[str, Any]) -> list[str]:
    """Return the alarms of a reading for JSON in words, tampering with its kinds."""
    kinds = reading["tamper_kinds"]
    told = {"tamper": f"{WORDS['tamper']}: {meter_words.kinds(kinds)}"} if kinds else {}
    return [told.get(name) or WORDS.get(name, name) for name in reading["alarms"] or []]


def drns(view: View) -> Select[Any]:
    """Return the query of the DRNs of meters with an alarm in their latest reading, without
    removed meters."""
    meter = and_(Meter.tenant_id == MeterReading.tenant_id, Meter.drn == MeterReading.drn)
    return (
        select(MeterReading.drn)
        .join(Meter, meter)
        .where(
            MeterReading.tenant_id == view.tenant_id,
            MeterReading.alarms > literal_column("0"),  # as the index has it
            Meter.status != "removed",
        )
    )


def counts(view: View) -> list[AlarmCount]:
    """Return the alarms that meters have by their latest readings, without those of removed
    meters."""
    query = drns(view).add_columns(MeterReading.alarms).order_by(MeterReading.drn)
    found: dict[int, tuple[int, list[str]]] = {}
    for drn, bits in view.session.execute(query):
        for bit, _, _ in ALARMS:
            if bits & bit:
                count, first = found.get(bit, (0, []))
                found[bit] = count + 1, [*first, drn][:_SHOWN]
    return [AlarmCount(name, words, *found[bit]) for bit, name, words in ALARMS if bit in found]


def before(view: View, drns: Sequence[str]) -> dict[str, int]:
    """Return {DRN: bits of alarms} by the readings that are recorded; 0 where they are unknown."""
    query = select(MeterReading.drn, MeterReading.alarms).where(
        MeterReading.tenant_id == view.tenant_id, MeterReading.drn.in_(drns)
    )
    return {drn: bits or 0 for drn, bits in view.session.execute(query)}
