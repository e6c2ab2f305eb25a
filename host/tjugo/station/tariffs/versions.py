"""Versions of tariffs: proposed by one person, approved by another one, never changed after.

A version takes effect at its moment, or when it is approved if that is later, and is in effect
until the next approved one begins. What a price needs is read through this module.
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import func, select, update

from tjugo.errors import reason
from tjugo.station.audit.chain import record
from tjugo.station.operators.approvals import same_person
from tjugo.station.registry.meters import checked_drn, known_meter
from tjugo.station.storage.tables import MeterTariff, Tariff, TariffVersion
from tjugo.station.tariffs import stored
from tjugo.station.tariffs.checks import check, invalid
from tjugo.station.tariffs.effect import (
    APPROVED,
    Effective,
    effective,
    in_effect,
    rules_of,
    tariff_of,
)
from tjugo.station.tariffs.model import Flat, TariffRules
from tjugo.station.tariffs.situations import settle, situations, take_back
from tjugo.station.work import View, Work

__all__ = [
    "Effective",
    "effective",
    "in_effect",
    "rules_of",
    "settle",
    "situations",
    "take_back",
    "tariff_of",
]

PROPOSE, APPROVE, ASSIGN = "tariffs.propose", "tariffs.approve", "tariffs.assign"
DEFAULT, DEFAULT_RATE = "flat", Decimal("0.20")
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
"""From when the first tariff is in effect: before every sale, also where the clock was wrong."""
_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,19}", re.A)
_MOST_VERSIONS = 10**9
_MOMENT = timedelta(microseconds=1)
_PAST, _AHEAD = timedelta(days=31), timedelta(days=3660)


def propose(
    work: Work,
    tariff: str,
    rules: TariffRules,
    valid_from: datetime | None = None,
    name: str | None = None,
    note: str | None = None,
) -> int:
    """Propose a version of a tariff, which begins with its first one; return the number.

    valid_from: when it takes effect, None: when it is approved. name: of a new tariff. Raise
    TjugoError.
    """
    tenant = work.tenant
    check(rules)
    if rules.currency != tenant.currency:
        raise invalid(f"The utility's currency is {tenant.currency}, not {rules.currency}.")
    begin = work.now() if valid_from is None else valid_from
    if not timedelta(0) <= begin - work.now() + _PAST <= _AHEAD:
        raise invalid("A version begins now, or within ten years.")
    _ensure_tariff(work, tariff, name)
    last = work.session.scalar(
        select(func.max(TariffVersion.version)).where(
            TariffVersion.tenant_id == work.tenant_id, TariffVersion.tariff == tariff
        )
    )
    version = (last or 0) + 1
    work.session.add(
        TariffVersion(
            tenant_id=work.tenant_id,
            tariff=tariff,
            version=version,
            valid_from=begin,
            state="proposed",
            content=stored.to_json(rules),
            made_by=work.actor[:80],
            made_at=work.now(),
            note=_note(note),
        )
    )
    work.session.flush()
    record(work, PROPOSE, _subject(tariff, version), note or "")
    return version


def _ensure_tariff(work: Work, tariff: str, name: str | None) -> None:
    row = work.session.get(Tariff, (work.tenant_id, tariff), with_for_update=True)
    title = None if name is None else name.strip()
    if title is not None and (not 0 < len(title) <= 100 or not title.isprintable()):
        raise invalid("The name of a tariff has 1 to 100 characters.")
    if row is not None:
        if title is not None and title != row.name:
            raise reason("tariff_exists", f"The tariff {tariff} exists; its name is {row.name}.")
        return
    if not _CODE.fullmatch(tariff):
        raise invalid("A tariff's code is 1 to 20 small letters, digits, - and _.")
    if title is None:
        raise reason(
            "tariff_unknown", f"There is no tariff {tariff}. A new one needs a name besides it."
        )
    work.session.add(
        Tariff(tenant_id=work.tenant_id, tariff=tariff, name=title, created_at=work.now())
    )
    work.session.flush()


def approve(work: Work, tariff: str, version: int, note: str | None = None) -> datetime:
    """Approve a proposed version; return when it takes effect. Raise TjugoError; Conflict for
    one's own proposal, or when it is decided."""
    row = _proposed(work, tariff, version)
    valid_from = max(row.valid_from, work.now())  # no price changes for a moment that is past
    _decide(work, row, APPROVED, note, valid_from)
    record(work, APPROVE, _subject(tariff, version), f"approved, proposed by {row.made_by}")
    return valid_from


def reject(work: Work, tariff: str, version: int, note: str | None = None) -> None:
    """Reject a proposed version of another person. Raise TjugoError as approve() does."""
    row = _proposed(work, tariff, version)
    _decide(work, row, "rejected", note, row.valid_from)
    record(work, APPROVE, _subject(tariff, version), f"rejected, proposed by {row.made_by}")


def withdraw(work: Work, tariff: str, version: int) -> None:
    """Withdraw one's own proposal. Raise TjugoError."""
    row = known_version(work, tariff, version)
    if not same_person(row.made_by, work.actor):
        raise reason("tariff_same_person", "Only the person who proposed it can withdraw it.")
    _check_open(row)
    _decide(work, row, "withdrawn", None, row.valid_from)
    record(work, PROPOSE, _subject(tariff, version), "withdrawn")


def _proposed(work: Work, tariff: str, version: int) -> TariffVersion:
    row = known_version(work, tariff, version)
    _check_open(row)
    if same_person(row.made_by, work.actor):
        raise reason("tariff_same_person", "Another person must decide what you proposed.")
    return row


def _check_open(row: TariffVersion) -> None:
    if row.state != "proposed":
        raise reason(
            "tariff_decided", f"Version {row.version} of tariff {row.tariff} is {row.state}."
        )


def _decide(
    work: Work, row: TariffVersion, state: str, note: str | None, valid_from: datetime
) -> None:
    """Write the decision, unless another one was written at this moment."""
    done = work.session.execute(
        update(TariffVersion)
        .where(
            TariffVersion.tenant_id == work.tenant_id,
            TariffVersion.tariff == row.tariff,
            TariffVersion.version == row.version,
            TariffVersion.state == "proposed",
        )
        .values(
            state=state,
            decided_by=work.actor[:80],
            decided_at=work.now(),
            valid_from=valid_from,
            note=_note(note) or row.note,
        )
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise reason("tariff_decided", "Another person decided it at this moment.")
    work.session.refresh(row)


def known_version(view: View, tariff: str, version: int) -> TariffVersion:
    """Return the row of a version. Raise NotFound."""
    known_tariff(view, tariff)
    key = (view.tenant_id, tariff, version)
    row = view.session.get(TariffVersion, key) if 0 < version < _MOST_VERSIONS else None
    if row is None:
        raise reason("tariff_unknown", f"The tariff {tariff} has no version {version}.")
    return row


def known_tariff(view: View, tariff: str) -> Tariff:
    """Return the row of a tariff. Raise NotFound."""
    row = view.session.get(Tariff, (view.tenant_id, tariff)) if len(tariff) <= 20 else None
    if row is None:
        raise reason("tariff_unknown", f"There is no tariff {tariff[:20]}.")
    return row


def assign(work: Work, drn: str, tariff: str) -> str:
    """Give a meter a tariff from now on; return its DRN. Raise TjugoError; Conflict when no
    version of it is in effect."""
    meter = known_meter(work, checked_drn(drn), lock=True)
    known_tariff(work, tariff)
    if in_effect(work, tariff, work.now()) is None:
        raise reason("tariff_not_in_effect", f"No version of tariff {tariff} is in effect.")
    query = select(MeterTariff).where(
        MeterTariff.tenant_id == work.tenant_id, MeterTariff.drn == meter.drn
    )
    rows = list(work.session.scalars(query.order_by(MeterTariff.since)))
    if rows and rows[-1].until is None and rows[-1].tariff == tariff:
        return meter.drn
    since = max([work.now(), *(row.since + _MOMENT for row in rows)])
    if rows and rows[-1].until is None:
        rows[-1].until = since
    work.session.add(
        MeterTariff(tenant_id=work.tenant_id, drn=meter.drn, since=since, tariff=tariff)
    )
    work.session.flush()
    record(work, ASSIGN, f"meter {meter.drn}", f"tariff {tariff}")
    return meter.drn


def set_default(work: Work, tariff: str) -> None:
    """Make a tariff that of all meters without one. Raise TjugoError as assign() does."""
    known_tariff(work, tariff)
    if in_effect(work, tariff, work.now()) is None:
        raise reason("tariff_not_in_effect", f"No version of tariff {tariff} is in effect.")
    work.tenant.default_tariff = tariff
    work.session.flush()
    record(work, ASSIGN, "meters without a tariff", f"tariff {tariff}")


def checked_default(currency: str, rate: Decimal) -> TariffRules:
    """Return the first tariff of a station: flat, without tax. rate: major units per kWh. Raise
    TjugoError."""
    rules = TariffRules(currency, Flat(rate))
    check(rules)
    return rules


def ensure_default(work: Work, rate: Decimal = DEFAULT_RATE) -> None:
    """Give a new station its first tariff, unless it has one, approved by `init`. Raise
    TjugoError."""
    tenant = work.tenant
    if tenant.default_tariff is not None:
        return
    add_first(work, DEFAULT, "Flat", checked_default(tenant.currency, rate))
    tenant.default_tariff = DEFAULT
    work.session.flush()


def add_first(work: Work, tariff: str, name: str, rules: TariffRules) -> None:
    """Add a tariff of a new station, approved by `init`, unless it is in effect. Raise
    TjugoError."""
    _ensure_tariff(work, tariff, name)
    if in_effect(work, tariff, work.now()) is None:
        version = propose(work, tariff, rules)
        row = known_version(work, tariff, version)
        row.made_by = "init"
        row.valid_from = ALWAYS
        _decide_first(work, row)


def _decide_first(work: Work, row: TariffVersion) -> None:
    row.state, row.decided_by, row.decided_at = APPROVED, "init", work.now()
    work.session.flush()
    record(work, APPROVE, _subject(row.tariff, row.version), "approved by init")


def _subject(tariff: str, version: int) -> str:
    return f"tariff {tariff} version {version}"


def _note(note: str | None) -> str | None:
    return (note or "").strip()[:400] or None
