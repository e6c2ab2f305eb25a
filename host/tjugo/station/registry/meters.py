"""DRNs, meters and their key states."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sts_portable import pan
from tjugo import drn as drn_numbers
from tjugo.counted import ENERGY
from tjugo.errors import Conflict, TjugoError, plain, reason
from tjugo.key_register import FIELDS, KeyRegister, MeterConfig, given_fields, written
from tjugo.station.keys.backend import TokenBackend
from tjugo.station.registry import record
from tjugo.station.registry.counts import change_counts, check_counts
from tjugo.station.registry.status import change, check_not_removed, retire
from tjugo.station.storage.tables import Collector, Meter, MeterKeyState
from tjugo.station.work import View, Work
from uplink import topics

_LONG_DRN = 13


@dataclass(frozen=True)
class NewMeter(MeterConfig):
    """The data of a meter that sales require; see with_defaults(). counts: energy or money."""

    collector_id: str | None = None
    counts: str = ENERGY


# Values of meters that a station can sell to, and the sentence for other values.
_RULES: tuple[tuple[Callable[[NewMeter], object], str], ...] = (
    (lambda m: m.ea in (7, 11), "EA must be 07 or 11"),
    (lambda m: m.dkga in ("02", "04"), "DKGA must be 02 or 04"),
    (lambda m: m.ea != 11 or m.dkga == "04", "EA 11 needs DKGA 04"),
    (lambda m: m.tct in (1, 2), "TCT must be 1 or 2"),
)


def checked_drn(text: str) -> str:
    """Return the DRN as 11 or 13 digits; a number of fewer digits gets its leading zeros, 12
    digits one.

    Spaces and hyphens are dropped. Raise TjugoError with the reason when it cannot be a DRN.
    """
    try:
        return drn_numbers.readings(text)[0]
    except pan.PanError as error:
        raise reason("drn_invalid", plain(error)) from error


def repaired_drn(view: View, text: str) -> str | None:
    """Return the DRN with its lost leading zeros restored; None where nothing is missing, or where
    it is not a DRN.

    Raise TjugoError when it can be either of two meters, one with 11 digits and one with 13.
    """
    digits = re.sub(r"[\s-]", "", text)
    try:
        full = checked_drn(text)
    except TjugoError:
        return None
    if full == digits:
        return None
    longer = "0" * (_LONG_DRN - len(digits)) + digits
    if longer != full and view.session.get(Meter, (view.tenant_id, longer)) is not None:
        raise reason(
            "drn_invalid",
            f"Meter number {digits} is too short: it could be {full} or {longer}. Give all its "
            "digits.",
        )
    return full


def drn_with_check_digit(payload: str) -> str:
    """Return manufacturer code and serial number (10 or 12 digits) with their check digit."""
    try:
        return pan.with_check(payload.strip())
    except pan.PanError as error:
        raise reason("drn_invalid", plain(error)) from error


def new_meter(work: Work, drn: str, **given: Any) -> NewMeter:
    """Return a meter to be added; see with_defaults(). Raise TjugoError."""
    return with_defaults(work.backend, drn, **given)


def with_defaults(backend: TokenBackend, drn: str, **given: Any) -> NewMeter:
    """Return a meter to be added, from its register, tct, collector_id and counts; None is not
    given.

    DKGA, base date and KEN default to those of the vending key, the rest to the defaults of the
    key register. Raise TjugoError.
    """
    given = {name: found for name, found in given.items() if found is not None}
    plain_register = KeyRegister(**given_fields(given))
    key = backend.vending_register(plain_register.sgc, plain_register.kt, plain_register.krn)
    of_key = {} if key is None else {"dkga": key.dkga, "bdt": key.bdt, "ken": key.ken}
    return NewMeter(drn, **{**of_key, **given})


def add_meter(work: Work, new: NewMeter) -> str:
    """Register a meter; return its DRN. Raise TjugoError when this station cannot sell to the
    meter; Conflict when it is registered."""
    drn = checked_drn(new.drn)
    session = work.session
    check_values(drn, new)
    if session.get(Meter, (work.tenant_id, drn)) is not None:
        raise reason("meter_exists", f"Meter {drn} is registered already.")
    for twin in drn_numbers.twins(drn):
        if session.get(Meter, (work.tenant_id, twin)) is not None:
            raise reason(
                "meter_exists",
                f"Meter {twin} is registered already; {drn} differs by leading zeros only, and "
                "where those are lost the two could not be distinguished.",
            )
    work.backend.check_register(replace(new, drn=drn))
    _ensure_collector(work, new.collector_id)
    tenant = {"tenant_id": work.tenant_id, "drn": drn}
    session.add(
        Meter(
            **tenant,
            ea=new.ea,
            tct=new.tct,
            collector_id=new.collector_id,
            status="installed",
            created_at=work.now(),
            counts=new.counts,
        )
    )
    session.flush()
    session.add(MeterKeyState(**tenant, phase="current", **key_columns(new)))
    session.flush()
    record.changed(work, record.METER, f"meter {drn}", "registered")
    return drn


def check_values(drn: str, new: NewMeter) -> None:
    """Raise TjugoError unless a station can sell to a meter with these values."""
    if int(drn) == 0:
        raise reason("drn_invalid", f"{drn} is not the number of a meter.")
    for allowed, words in _RULES:
        if not allowed(new):
            raise reason("key_register_invalid", f"Meter {drn}: {words}.")
    if new.collector_id is not None:
        check_collector_id(new.collector_id)
    check_counts(new.counts)


def key_columns(register: KeyRegister) -> dict[str, Any]:
    """Return the columns of a meter's key state. SGC and TI are stored as they are written."""
    fields = {name: getattr(register, name) for name in FIELDS if name != "ea"}
    return fields | {name: written(name, fields[name]) for name in ("sgc", "ti")}


def ensure_meter(work: Work, new: NewMeter) -> str:
    """Register a meter as add_meter() does, unless it is registered already."""
    try:
        return add_meter(work, new)
    except Conflict:
        return checked_drn(new.drn)


def set_status(work: Work, drn: str, status: str, why: str | None = None) -> None:
    """Set one of METER_STATUSES, and record who did it and why.

    Tokens are sold for installed meters only; a removed one no longer serves its customer. Raise
    TjugoError.
    """
    change(work, known_meter(work, checked_drn(drn), lock=True), status, why)


def retire_meter(work: Work, drn: str, why: str) -> None:
    """Remove a meter from service, with the reason. Raise TjugoError."""
    retire(work, known_meter(work, checked_drn(drn), lock=True), why)


def set_collector(
    work: Work, drn: str, collector_id: str | None, of_another: bool = False
) -> None:
    """Set the collector that serves the meter from now on; None: tokens are keyed in.

    of_another: the name is that of another meter's collector; it is taken as it is stored. Raise
    TjugoError.
    """
    meter = known_meter(work, checked_drn(drn))
    if collector_id is not None:
        check_not_removed(meter)
    if meter.collector_id == collector_id:
        return
    if collector_id is not None and not of_another:
        check_collector_id(collector_id)
    _ensure_collector(work, collector_id)
    meter.collector_id = collector_id
    record.changed(work, record.METER, f"meter {meter.drn}", f"collector {collector_id or 'none'}")


def set_counts(work: Work, drn: str, counts: str) -> None:
    """Set what the meter counts, energy or money. Raise TjugoError; Conflict when credit was
    issued for it."""
    change_counts(work, known_meter(work, checked_drn(drn), lock=True), counts)


def known_meter(view: View, drn: str, lock: bool = False) -> Meter:
    """Return the row of a checked DRN. Raise NotFound.

    lock: the row is locked until the transaction ends (on SQLite the whole database is). A DRN of
    11 digits also finds one of 13 that differs only by lost zeros; the row has the number in full.
    """
    locked = lock or None
    meter = view.session.get(Meter, (view.tenant_id, drn), with_for_update=locked)
    if meter is None:
        full = drn.rjust(drn_numbers.LONG, "0")
        meter = view.session.get(Meter, (view.tenant_id, full), with_for_update=locked)
    if meter is None:
        raise reason("meter_unknown", f"Meter {drn} is not registered here.")
    return meter


def meter_config(view: View, meter: Meter) -> MeterConfig:
    """Return the current key state, in the form that the token back end takes."""
    state = view.session.get_one(MeterKeyState, (view.tenant_id, meter.drn, "current"))
    columns = {name: getattr(state, name) for name in FIELDS if name != "ea"}
    return MeterConfig(meter.drn, meter.tct, ea=meter.ea, **columns)


def config_of(view: View, drn: str) -> MeterConfig:
    """Return the key state of a registered meter, e.g. for provisioning. Raise TjugoError."""
    return meter_config(view, known_meter(view, checked_drn(drn)))


def check_collector_id(collector_id: str) -> None:
    """Raise TjugoError unless a collector can have this name."""
    if not topics.is_collector(collector_id):
        raise reason(
            "collector_invalid",
            f"A collector's name is {topics.ID_WORDS}, not {collector_id[:80]!r}.",
        )


def _ensure_collector(work: Work, collector_id: str | None) -> None:
    if collector_id is None:
        return
    if work.session.get(Collector, (work.tenant_id, collector_id)) is None:
        work.session.add(Collector(tenant_id=work.tenant_id, collector_id=collector_id))
        work.session.flush()
