"""DRNs, meters and their key states."""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass

from sts_portable import pan
from tjugo import drn as drn_numbers
from tjugo.errors import Conflict, plain, reason
from tjugo.key_register import MeterConfig
from tjugo.station.storage.tables import METER_STATUSES, Collector, Meter, MeterKeyState
from tjugo.station.work import View, Work

_COLLECTOR_ID = re.compile(r"[A-Za-z0-9_.-]{1,40}")


@dataclass(frozen=True)
class NewMeter:
    """What must be known of a meter to sell for it. The defaults are those of the sample keys.

    kt 2 is a unique key (DUTK); ken 255 never expires; tct 2 is numeric entry; ea 7 is STA, 11
    MISTY1.
    """

    drn: str
    ea: int = 7
    dkga: str = "04"
    bdt: str = "14"
    sgc: str = "123457"
    krn: int = 1
    kt: int = 2
    ti: str = "01"
    ken: int = 255
    tct: int = 2
    collector_id: str | None = None


# What is allowed, and the sentence when it is not.
_RULES: tuple[tuple[Callable[[NewMeter], object], str], ...] = (
    (lambda m: m.ea in (7, 11), "EA must be 07 or 11"),
    (lambda m: m.dkga in ("02", "04"), "DKGA must be 02 or 04"),
    (lambda m: m.bdt in ("93", "14", "35"), "the base date must be 93, 14 or 35"),
    (lambda m: re.fullmatch(r"[0-9]{6}", m.sgc, re.A), "SGC must be 6 digits"),
    (lambda m: 1 <= m.krn <= 9, "KRN must be 1 to 9"),
    (lambda m: 0 <= m.kt <= 3, "KT must be 0 to 3"),
    (lambda m: re.fullmatch(r"[0-9]{2}", m.ti, re.A), "TI must be 2 digits"),
    (lambda m: 0 <= m.ken <= 255, "KEN must be 0 to 255"),
    (lambda m: m.tct in (1, 2), "TCT must be 1 or 2"),
    (lambda m: m.ea != 11 or m.dkga == "04", "EA 11 needs DKGA 04"),
    (
        lambda m: m.collector_id is None or _COLLECTOR_ID.fullmatch(m.collector_id),
        "a collector's name is up to 40 letters, digits, dots, hyphens and underscores",
    ),
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


def drn_with_check_digit(payload: str) -> str:
    """Return manufacturer code and serial number (10 or 12 digits) with their check digit."""
    try:
        return pan.with_check(payload.strip())
    except pan.PanError as error:
        raise reason("drn_invalid", plain(error)) from error


def add_meter(work: Work, new: NewMeter) -> str:
    """Register a meter; return its DRN. Raise TjugoError, Conflict when it is registered."""
    drn = checked_drn(new.drn)
    for allowed, sentence in _RULES:
        if not allowed(new):
            raise reason("key_register_invalid", f"Meter {drn}: {sentence}.")
    fields = asdict(new)
    tenant = {"tenant_id": work.tenant_id, "drn": drn}
    session = work.session
    if session.get(Meter, (work.tenant_id, drn)) is not None:
        raise reason("meter_exists", f"Meter {drn} is registered already.")
    for twin in drn_numbers.twins(drn):
        if session.get(Meter, (work.tenant_id, twin)) is not None:
            raise reason(
                "meter_exists",
                f"Meter {twin} is registered already; {drn} differs by leading zeros only, and "
                "where those get lost the two could not be told apart.",
            )
    _ensure_collector(work, new.collector_id)
    meter_fields = {name: fields[name] for name in ("ea", "tct", "collector_id")}
    session.add(Meter(**tenant, **meter_fields, status="installed", created_at=work.now()))
    session.flush()
    key_fields = ("sgc", "krn", "kt", "ti", "ken", "bdt", "dkga")
    session.add(
        MeterKeyState(**tenant, phase="current", **{name: fields[name] for name in key_fields})
    )
    session.flush()
    return drn


def ensure_meter(work: Work, new: NewMeter) -> str:
    """Like add_meter, but a meter that is registered is left as it is."""
    try:
        return add_meter(work, new)
    except Conflict:
        return checked_drn(new.drn)


def set_status(work: Work, drn: str, status: str) -> None:
    """Set one of METER_STATUSES. Only installed meters are sold for."""
    if status not in METER_STATUSES:
        raise reason(
            "meter_status_invalid",
            f"A meter is one of {', '.join(METER_STATUSES)}; not {status!r}.",
        )
    known_meter(work, checked_drn(drn)).status = status


def set_collector(work: Work, drn: str, collector_id: str | None) -> None:
    """Set which collector serves the meter from now on; None: tokens are keyed in."""
    if collector_id is not None and not _COLLECTOR_ID.fullmatch(collector_id):
        raise reason("collector_invalid", f"{collector_id!r} is not a collector's name.")
    meter = known_meter(work, checked_drn(drn))
    _ensure_collector(work, collector_id)
    meter.collector_id = collector_id


def known_meter(view: View, drn: str, lock: bool = False) -> Meter:
    """Return the row of a checked DRN. lock: nobody else changes it until the transaction ends (on
    SQLite the whole transaction is the only one that writes). Raise NotFound.

    A DRN of 11 digits also finds one of 13 that differs from it by lost zeros: the row has the
    number in full."""
    locked = lock or None
    meter = view.session.get(Meter, (view.tenant_id, drn), with_for_update=locked)
    if meter is None:
        full = drn.rjust(drn_numbers.LONG, "0")
        meter = view.session.get(Meter, (view.tenant_id, full), with_for_update=locked)
    if meter is None:
        raise reason("meter_unknown", f"Meter {drn} is not registered here.")
    return meter


def meter_config(view: View, meter: Meter) -> MeterConfig:
    """Return the current key state, in the shape the token back end takes."""
    state = view.session.get_one(MeterKeyState, (view.tenant_id, meter.drn, "current"))
    return MeterConfig(
        drn=meter.drn,
        ea=meter.ea,
        tct=meter.tct,
        sgc=state.sgc,
        krn=state.krn,
        kt=state.kt,
        ti=state.ti,
        ken=state.ken,
        bdt=state.bdt,
        dkga=state.dkga,
    )


def config_of(view: View, drn: str) -> MeterConfig:
    """Return the key state of a registered meter, e.g. for provisioning. Raise TjugoError."""
    return meter_config(view, known_meter(view, checked_drn(drn)))


def _ensure_collector(work: Work, collector_id: str | None) -> None:
    if collector_id is None:
        return
    if work.session.get(Collector, (work.tenant_id, collector_id)) is None:
        work.session.add(Collector(tenant_id=work.tenant_id, collector_id=collector_id))
        work.session.flush()
