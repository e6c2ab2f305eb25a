"""What pages, commands and programs read of shifts. Amounts: minor units, from the ledger."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, func, select

from tjugo.station.ledger.accounts import MEANS, SOLD
from tjugo.station.storage.copied import copied
from tjugo.station.storage.paging import LIMIT, Page, newest
from tjugo.station.storage.tables import LedgerEntry, Posting, Shift
from tjugo.station.tills import cash_up
from tjugo.station.tills.shifts import known_shift
from tjugo.station.work import View


@dataclass(frozen=True)
class ShiftView:
    """A shift. counted: by means, what was expected and counted, empty while it is open."""

    shift_no: int
    operator: str
    outlet: str
    opened_at: str
    opening_float: int
    closed_at: str | None
    difference: int | None
    note: str | None
    batch_no: int | None


def shift_view(row: Shift) -> ShiftView:
    """Return a shift as it is shown."""
    return copied(ShiftView, row)


def shifts(
    view: View,
    operators: Collection[str] | None = None,
    outlet: str | None = None,
    after: str | None = None,
    limit: int = LIMIT,
) -> Page[ShiftView]:
    """Return a page of the shifts, newest first. operators: whose, as actors; None: all."""
    query = select(Shift).where(Shift.tenant_id == view.tenant_id)
    if operators is not None:
        query = query.where(Shift.operator.in_(list(operators)))
    if outlet is not None:
        query = query.where(Shift.outlet == outlet)
    return newest(view.session, query, Shift.shift_no, after, limit, shift_view)


@dataclass(frozen=True)
class KindTotal:
    """The entries of a kind: how many, and the money received by them."""

    kind: str
    entries: int
    amount: int


@dataclass(frozen=True)
class MeansTotal:
    """The money received by a means of payment, less what was returned by it."""

    means: str
    amount: int


@dataclass(frozen=True)
class ResourceTotal:
    """What was sold, of an account and party: income, tax, a debt recovered."""

    account: str
    party: str
    amount: int


@dataclass(frozen=True)
class Takings:
    """What customers paid, from three sides; each side sums to `total`."""

    total: int
    means: tuple[MeansTotal, ...]
    kinds: tuple[KindTotal, ...]
    resources: tuple[ResourceTotal, ...]


def takings(view: View, numbers: Sequence[int]) -> Takings:
    """Return the takings of shifts."""
    entry, posting = LedgerEntry, Posting
    joined = and_(posting.tenant_id == entry.tenant_id, posting.entry_no == entry.entry_no)
    mine = (
        entry.tenant_id == view.tenant_id,
        entry.shift_no.in_(list(numbers)),
        entry.kind.in_(SOLD),
    )
    sums = (
        select(entry.kind, posting.account, posting.party, func.sum(posting.amount))
        .join(posting, joined)
        .where(*mine)
        .group_by(entry.kind, posting.account, posting.party)
    )
    counted = select(entry.kind, func.count()).where(*mine).group_by(entry.kind)
    by_means: dict[str, int] = {}
    by_kind: dict[str, int] = {}
    by_resource: dict[tuple[str, str], int] = {}
    for kind, account, party, amount in view.session.execute(sums):
        if account in MEANS:
            by_means[account] = by_means.get(account, 0) + int(amount)
            by_kind[kind] = by_kind.get(kind, 0) + int(amount)
        else:
            by_resource[account, party] = by_resource.get((account, party), 0) - int(amount)
    return Takings(
        sum(by_means.values()),
        tuple(MeansTotal(name, by_means[name]) for name in MEANS if name in by_means),
        tuple(
            KindTotal(kind, count, by_kind.get(kind, 0))
            for kind, count in sorted(
                (kind, count) for kind, count in view.session.execute(counted)
            )
        ),
        tuple(ResourceTotal(*key, by_resource[key]) for key in sorted(by_resource)),
    )


@dataclass(frozen=True)
class ShiftReport:
    """A shift's report. takings: None while they are hidden; counts: by means, expected with the
    float, and counted, empty then; compared: the counts that were shown beside what was
    expected."""

    shift: ShiftView
    takings: Takings | None
    counts: tuple[cash_up.Count, ...]
    compared: cash_up.Compared


HIDDEN = "What is expected is shown after the count, which closes the shift."


def shift_report(view: View, number: int, reader: str) -> ShiftReport:
    """Return the report of an open or closed shift. reader: the actor who reads it; of one's own
    open shift it has nothing from which to tell what is expected. Raise NotFound."""
    row = known_shift(view, number)
    compared = cash_up.compared(view, number)
    if row.closed_at is None and row.operator == reader:
        return ShiftReport(shift_view(row), None, (), compared)
    counts = tuple(cash_up.counts(view, number))
    return ShiftReport(shift_view(row), takings(view, [number]), counts, compared)
