"""What pages, commands and programs read of shifts, batches, deposits and vendors. All amounts are
minor units, from the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import and_, func, select

from tjugo.station.ledger import balances, credit
from tjugo.station.ledger.accounts import MEANS, SOLD
from tjugo.station.storage.moments import iso
from tjugo.station.storage.paging import LIMIT, Page, bounded, checked, page
from tjugo.station.storage.tables import BankingBatch, Deposit, LedgerEntry, Posting, Shift
from tjugo.station.tills import batches, cash_up, vendors
from tjugo.station.tills.shifts import known_shift
from tjugo.station.work import View

_NUMBER = r"[0-9]{1,9}"


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
    opened = iso(row.opened_at)
    assert opened is not None
    return ShiftView(
        row.shift_no,
        row.operator,
        row.outlet,
        opened,
        row.opening_float,
        iso(row.closed_at),
        row.difference,
        row.note,
        row.batch_no,
    )


def shifts(
    view: View,
    operator: str | None = None,
    outlet: str | None = None,
    after: str | None = None,
    limit: int = LIMIT,
) -> Page[ShiftView]:
    """Return a page of the shifts, newest first."""
    query = select(Shift).where(Shift.tenant_id == view.tenant_id)
    if operator is not None:
        query = query.where(Shift.operator == operator)
    if outlet is not None:
        query = query.where(Shift.outlet == outlet)
    if after is not None:
        query = query.where(Shift.shift_no < int(checked(after, _NUMBER)))
    limit = bounded(limit)
    rows = list(view.session.scalars(query.order_by(Shift.shift_no.desc()).limit(limit + 1)))
    return page([shift_view(row) for row in rows], limit, lambda row: str(row.shift_no))


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
    """A shift's report. counts: by means, expected with the float, and counted."""

    shift: ShiftView
    takings: Takings
    counts: tuple[cash_up.Count, ...]


def shift_report(view: View, number: int) -> ShiftReport:
    """Return the report of an open or closed shift. Raise NotFound."""
    row = known_shift(view, number)
    counts = tuple(cash_up.counts(view, number))
    return ShiftReport(shift_view(row), takings(view, [number]), counts)


@dataclass(frozen=True)
class DepositView:
    """A deposit. reversed_at: when it was undone; None while it counts."""

    deposit_no: int
    vendor: str
    batch_no: int | None
    means: str
    amount: int
    bank_ref: str
    made_by: str
    made_at: str
    reversed_at: str | None


def deposit_view(row: Deposit) -> DepositView:
    """Return a deposit as it is shown."""
    made = iso(row.made_at)
    assert made is not None
    return DepositView(
        row.deposit_no,
        row.vendor,
        row.batch_no,
        row.means,
        row.amount,
        row.bank_ref,
        row.made_by,
        made,
        iso(row.reversed_at),
    )


def deposits(
    view: View, vendor: str | None = None, after: str | None = None, limit: int = LIMIT
) -> Page[DepositView]:
    """Return a page of the deposits, newest first."""
    query = select(Deposit).where(Deposit.tenant_id == view.tenant_id)
    if vendor is not None:
        query = query.where(Deposit.vendor == vendor)
    if after is not None:
        query = query.where(Deposit.deposit_no < int(checked(after, _NUMBER)))
    limit = bounded(limit)
    rows = list(view.session.scalars(query.order_by(Deposit.deposit_no.desc()).limit(limit + 1)))
    return page([deposit_view(row) for row in rows], limit, lambda row: str(row.deposit_no))


@dataclass(frozen=True)
class BatchReport:
    """A banking batch: the same whenever it is printed, but for left, what is to be deposited of
    each means, and deposits."""

    batch_no: int
    outlet: str
    closed_by: str
    closed_at: str
    shifts: tuple[ShiftView, ...]
    takings: Takings
    left: tuple[MeansTotal, ...]
    deposits: tuple[DepositView, ...]


def batch_report(view: View, number: int) -> BatchReport:
    """Return the report of a batch. Raise NotFound."""
    row = batches.known_batch(view, number)
    closed = iso(row.closed_at)
    assert closed is not None
    mine = select(Shift).where(Shift.tenant_id == view.tenant_id, Shift.batch_no == number)
    rows = list(view.session.scalars(mine.order_by(Shift.shift_no)))
    made = select(Deposit).where(Deposit.tenant_id == view.tenant_id, Deposit.batch_no == number)
    held = balances.by_account(view, MEANS, batches.party(number))
    return BatchReport(
        number,
        row.outlet,
        row.closed_by,
        closed,
        tuple(shift_view(shift) for shift in rows),
        takings(view, [shift.shift_no for shift in rows]),
        tuple(MeansTotal(means, amount) for means, amount in held.items() if amount),
        tuple(
            deposit_view(deposit)
            for deposit in view.session.scalars(made.order_by(Deposit.deposit_no))
        ),
    )


@dataclass(frozen=True)
class BatchView:
    """A row of the list of batches. left: what is to be deposited, over all means."""

    batch_no: int
    outlet: str
    closed_by: str
    closed_at: str
    left: int


def batch_list(
    view: View, outlet: str | None = None, after: str | None = None, limit: int = LIMIT
) -> Page[BatchView]:
    """Return a page of the banking batches, newest first."""
    row = BankingBatch
    query = select(row).where(row.tenant_id == view.tenant_id)
    if outlet is not None:
        query = query.where(row.outlet == outlet)
    if after is not None:
        query = query.where(row.batch_no < int(checked(after, _NUMBER)))
    limit = bounded(limit)
    rows = list(view.session.scalars(query.order_by(row.batch_no.desc()).limit(limit + 1)))
    left = balances.balances(view, MEANS, [batches.party(r.batch_no) for r in rows])
    shown = [
        BatchView(
            r.batch_no,
            r.outlet,
            r.closed_by,
            iso(r.closed_at) or "",
            left[batches.party(r.batch_no)],
        )
        for r in rows
    ]
    return page(shown, limit, lambda item: str(item.batch_no))


@dataclass(frozen=True)
class Waiting:
    """An outlet's closed shifts that are in no batch, and what their tills hold."""

    outlet: str
    shifts: int
    amount: int


def unbanked(view: View) -> list[Waiting]:
    """Return the outlets that have closed shifts to be banked, by code."""
    query = select(Shift.outlet, Shift.shift_no).where(
        Shift.tenant_id == view.tenant_id, Shift.batch_no.is_(None), Shift.closed_at.is_not(None)
    )
    by_outlet: dict[str, list[str]] = {}
    for outlet, number in view.session.execute(query):
        by_outlet.setdefault(outlet, []).append(str(number))
    held = balances.balances(view, MEANS, (n for found in by_outlet.values() for n in found))
    return [
        Waiting(outlet, len(numbers), sum(held[number] for number in numbers))
        for outlet, numbers in sorted(by_outlet.items())
    ]


@dataclass(frozen=True)
class VendorView:
    """A vendor. owed: what it owes now, with the money in its open tills; available: how much more
    it may sell, None without a limit. commission: hundredths of a percent."""

    vendor: str
    name: str
    active: bool
    credit_limit: int | None
    commission: int
    owed: int
    available: int | None
    outlets: tuple[str, ...]


def vendor_list(view: View) -> list[VendorView]:
    """Return all vendors by name."""
    rows = vendors.vendors(view)
    owed = credit.owed_by(view, [row.vendor for row in rows])
    by_vendor: dict[str, list[str]] = {}
    for outlet in vendors.outlets(view):
        by_vendor.setdefault(outlet.vendor, []).append(outlet.outlet)
    return [
        VendorView(
            row.vendor,
            row.name,
            row.active,
            row.credit_limit,
            row.commission,
            owed[row.vendor],
            None if row.credit_limit is None else row.credit_limit - owed[row.vendor],
            tuple(by_vendor.get(row.vendor, ())),
        )
        for row in rows
    ]


@dataclass(frozen=True)
class OutletView:
    """An outlet of a vendor."""

    outlet: str
    vendor: str
    name: str
    address: str | None
    active: bool


def outlet_list(view: View) -> list[OutletView]:
    """Return all outlets by code."""
    return [
        OutletView(row.outlet, row.vendor, row.name, row.address, row.active)
        for row in vendors.outlets(view)
    ]


def vendor_statement(view: View, vendor: str, first: date, last: date) -> balances.Statement:
    """Return the statement of what a vendor owes. Raise TjugoError."""
    vendors.known_vendor(view, vendor)
    return balances.statement(view, "vendor", vendor, first, last)
