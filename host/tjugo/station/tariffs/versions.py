"""Versions of tariffs: proposed by one person, approved by another one, never changed after.

A version takes effect at its moment, or when it is approved if that is later, and is in effect
until the next approved one begins.
"""

import re
from datetime import datetime, timedelta

from sqlalchemy import func, select, update

from tjugo.errors import reason
from tjugo.station.audit.chain import record
from tjugo.station.operators.approvals import same_person
from tjugo.station.storage.tables import Tariff, TariffVersion
from tjugo.station.tariffs import stored
from tjugo.station.tariffs.checks import check, invalid
from tjugo.station.tariffs.effect import APPROVED
from tjugo.station.tariffs.model import TariffRules
from tjugo.station.work import View, Work

PROPOSE, APPROVE = "tariffs.propose", "tariffs.approve"
_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,19}", re.A)
_MOST_VERSIONS = 10**9
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
    ensure_tariff(work, tariff, name, rules.counts)
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
    record(work, PROPOSE, subject(tariff, version), note or "")
    return version


def ensure_tariff(work: Work, tariff: str, name: str | None, counts: str) -> None:
    """Add a tariff, unless it exists. name: of a new one; counts: what the meters count that it is
    for, which stays. Raise TjugoError."""
    row = work.session.get(Tariff, (work.tenant_id, tariff), with_for_update=True)
    title = None if name is None else name.strip()
    if title is not None and (not 0 < len(title) <= 100 or not title.isprintable()):
        raise invalid("The name of a tariff has 1 to 100 characters that can be printed.")
    if row is not None:
        if title is not None and title != row.name:
            raise reason("tariff_exists", f"The tariff {tariff} exists; its name is {row.name}.")
        _check_counts(row, counts)
        return
    if not _CODE.fullmatch(tariff):
        raise invalid("A tariff's code is 1 to 20 small letters, digits, - and _.")
    if title is None:
        raise reason(
            "tariff_unknown", f"There is no tariff {tariff}. A new one needs a name besides it."
        )
    work.session.add(
        Tariff(
            tenant_id=work.tenant_id,
            tariff=tariff,
            name=title,
            created_at=work.now(),
            counts=counts,
        )
    )
    work.session.flush()


def _check_counts(row: Tariff, counts: str) -> None:
    """Raise Conflict for rules that are not for the meters which have the tariff."""
    if counts != row.counts:
        raise reason(
            f"tariff_counts_{row.counts}",
            f"Tariff {row.tariff} is for meters that count {row.counts}, and its meters keep it: "
            f"rules for meters that count {counts} are those of another tariff.",
        )


def approve(work: Work, tariff: str, version: int, note: str | None = None) -> datetime:
    """Approve a proposed version; return when it takes effect. Raise TjugoError; Conflict for
    one's own proposal, when it is decided, or for one of an early version that is not for the
    meters of the tariff."""
    row = _proposed(work, tariff, version)
    _check_counts(known_tariff(work, tariff), stored.from_json(row.content).counts)
    valid_from = max(row.valid_from, work.now())  # no price changes for a moment that is past
    _decide(work, row, APPROVED, note, valid_from)
    record(work, APPROVE, subject(tariff, version), f"approved, proposed by {row.made_by}")
    return valid_from


def reject(work: Work, tariff: str, version: int, note: str | None = None) -> None:
    """Reject a proposed version of another person. Raise TjugoError as approve() does."""
    row = _proposed(work, tariff, version)
    _decide(work, row, "rejected", note, row.valid_from)
    record(work, APPROVE, subject(tariff, version), f"rejected, proposed by {row.made_by}")


def withdraw(work: Work, tariff: str, version: int) -> None:
    """Withdraw one's own proposal. Raise TjugoError."""
    row = known_version(work, tariff, version)
    if not same_person(row.made_by, work.actor):
        raise reason("tariff_same_person", "Only the person who proposed it can withdraw it.")
    _check_open(row)
    _decide(work, row, "withdrawn", None, row.valid_from)
    record(work, PROPOSE, subject(tariff, version), "withdrawn")


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


def subject(tariff: str, version: int) -> str:
    """Return a version as the audit names it."""
    return f"tariff {tariff} version {version}"


def _note(note: str | None) -> str | None:
    return (note or "").strip()[:400] or None
