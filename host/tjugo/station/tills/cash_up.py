"""The cash-up: the till is counted, the difference posted, and the shift closed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from tjugo.errors import TjugoError, reason
from tjugo.station import clock
from tjugo.station.audit import chain
from tjugo.station.currency import plain
from tjugo.station.ledger import credit
from tjugo.station.ledger.accounts import CASH_UP, MEANS
from tjugo.station.ledger.post import MOST, Entry, PostingRow, post
from tjugo.station.storage.tables import AuditEvent, Shift
from tjugo.station.tills import shifts
from tjugo.station.tills.vendors import MAIN
from tjugo.station.work import View, Work

CLOSE_ACTION = "shifts.close"
_COUNTED = "counted: "


@dataclass(frozen=True)
class Count:
    """A means of payment in a till, minor units. counted: None while it is not counted;
    difference: counted less expected."""

    means: str
    expected: int
    counted: int | None

    @property
    def difference(self) -> int | None:
        return None if self.counted is None else self.counted - self.expected


def counts(view: View, number: int, counted: Mapping[str, int] | None = None) -> list[Count]:
    """Return a shift's means of payment: all of an open one, beside what was counted.

    Of a closed shift the recorded count is returned, and what was expected then.
    """
    row = shifts.known_shift(view, number)
    if row.closed_at is not None:
        return _recorded(row)
    held = shifts.expected(view, [number])[number]
    given = counted or {}
    return [Count(means, held[means], given.get(means)) for means in MEANS]


def _recorded(row: Shift) -> list[Count]:
    kept = json.loads(row.counted or "{}")
    return [Count(means, *kept[means]) for means in MEANS if means in kept]


def compare(work: Work, number: int, counted: Mapping[str, int]) -> list[Count]:
    """Return a count of an open shift beside what is expected, and record the count: it is the
    last one made without knowledge of what is expected. Raise TjugoError."""
    if shifts.known_shift(work, number).closed_at is not None:
        raise _closed(number)
    found = checked(counts(work, number, counted), counted)
    action = _action(work, shifts.known_shift(work, number))
    chain.record(work, action, _subject(number), f"{_COUNTED}{_listed(work, found)}")
    return found


@dataclass(frozen=True)
class Compared:
    """How often a shift's count was shown beside what was expected, and the first of these counts
    as text, None if there is none."""

    times: int
    first: str | None


def compared(view: View, number: int) -> Compared:
    """Return the counts of a shift that the audit chain has."""
    query = (
        select(AuditEvent.detail)
        .where(AuditEvent.tenant_id == view.tenant_id, AuditEvent.subject == _subject(number))
        .where(AuditEvent.action.in_((shifts.OWN_ACTION, CLOSE_ACTION)))
        .where(AuditEvent.outcome == chain.DONE, AuditEvent.detail.startswith(_COUNTED))
        .order_by(AuditEvent.number)
    )
    found = list(view.session.scalars(query))
    return Compared(len(found), found[0].removeprefix(_COUNTED) if found else None)


def _subject(number: int) -> str:
    return f"shift {number}"


def _action(work: Work, row: Shift) -> str:
    return shifts.OWN_ACTION if row.operator == work.actor else CLOSE_ACTION


def _listed(view: View, found: list[Count]) -> str:
    known = [(one.means, one.counted) for one in found if one.counted is not None]
    return ", ".join(f"{means} {plain(view, amount)}" for means, amount in known)


def _closed(number: int) -> TjugoError:
    return reason("shift_closed", f"Shift {number} is closed already.")


def cash_up(
    work: Work,
    number: int,
    counted: Mapping[str, int],
    note: str = "",
    seen: Mapping[str, int] | None = None,
) -> list[Count]:
    """Close a shift and post what is missing or too much. counted: minor units by means; every
    means with an expected amount, and cash, must be counted. Return the counts. seen: what was
    expected when the difference was shown; Conflict when the till has changed since.

    The float returns to the office. What a vendor's till holds the vendor owes from then on; what
    the utility's own till holds stays in it until it is banked.
    """
    clock.require(work)
    if number not in shifts.require_open(work, [number]):
        shifts.known_shift(work, number)
        raise _closed(number)
    row = shifts.known_shift(work, number)
    vendor = shifts.vendor_of(work, row)
    credit.check_limits(work, [(vendor, 0)])  # locks it: what it owes moves
    whole = counts(work, number, counted)
    if seen is not None and any(count.expected != seen.get(count.means, 0) for count in whole):
        raise reason("till_changed", "The till has changed since it was counted: count again.")
    found = checked(whole, counted)
    postings = _postings(row, vendor, found)
    if postings:
        post(work, Entry(CASH_UP, str(number), tuple(postings), row.outlet, number))
    row.closed_at = work.now()
    row.counted = json.dumps({c.means: [c.expected, c.counted] for c in found})
    row.difference = sum(c.difference or 0 for c in found)
    row.note = note.strip()[:400] or None
    work.session.flush()
    detail = f"closed: difference {plain(work, row.difference)}; {_listed(work, found)}"
    chain.record(work, _action(work, row), _subject(number), detail)
    return found


def checked(found: list[Count], counted: Mapping[str, int]) -> list[Count]:
    """Return the means that were counted. Raise TjugoError when one is missing or impossible."""
    for means, amount in counted.items():
        if means not in MEANS:
            raise reason("means_unknown", f"{means[:30]!r} is not a means of payment.")
        if not 0 <= amount <= MOST:
            raise reason("amount_invalid", f"The count of {means} is 0 or more.")
    for count in found:
        if count.counted is None and (count.expected or count.means == "cash"):
            name = count.means.replace("_", " ")
            raise reason("count_missing", f"Count the {name}: it may be 0.")
    return [count for count in found if count.counted is not None]


def _postings(row: Shift, vendor: str, found: list[Count]) -> list[PostingRow]:
    party = str(row.shift_no)
    postings: list[PostingRow] = []
    for count in found:
        if count.difference:
            postings.append((count.means, party, count.difference))
            postings.append(("cash_difference", party, -count.difference))
    held = {count.means: count.counted or 0 for count in found}
    if vendor == MAIN:
        back = min(row.opening_float, held["cash"])
        if back:
            postings += [("cash", party, -back), ("cash", "", back)]
        return postings
    for means, amount in held.items():
        if amount:
            postings += [(means, party, -amount), ("vendor", vendor, amount)]
    return postings
