"""What pages, commands and programs read of banking batches and deposits. All amounts are minor
units, from the ledger."""

from dataclasses import dataclass

from sqlalchemy import select

from tjugo.station.ledger import balances
from tjugo.station.ledger.accounts import MEANS
from tjugo.station.storage.copied import copied
from tjugo.station.storage.paging import LIMIT, Page, newest
from tjugo.station.storage.tables import BankingBatch, Deposit, Shift
from tjugo.station.tills import batches, office, shifts
from tjugo.station.tills.views import MeansTotal, ShiftView, Takings, shift_view, takings
from tjugo.station.work import View


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
    return copied(DepositView, row)


def deposits(
    view: View, vendor: str | None = None, after: str | None = None, limit: int = LIMIT
) -> Page[DepositView]:
    """Return a page of the deposits, newest first."""
    query = select(Deposit).where(Deposit.tenant_id == view.tenant_id)
    if vendor is not None:
        query = query.where(Deposit.vendor == vendor)
    return newest(view.session, query, Deposit.deposit_no, after, limit, deposit_view)


@dataclass(frozen=True)
class BatchReport:
    """A banking batch: the same whenever it is printed, but for left, what is to be deposited of
    each means, and deposits. office: what it took of the money that was received without a
    shift; takings: of its shifts."""

    batch_no: int
    outlet: str
    closed_by: str
    closed_at: str
    shifts: tuple[ShiftView, ...]
    takings: Takings
    office: tuple[MeansTotal, ...]
    left: tuple[MeansTotal, ...]
    deposits: tuple[DepositView, ...]


def batch_report(view: View, number: int) -> BatchReport:
    """Return the report of a batch. Raise NotFound."""
    row = batches.known_batch(view, number)
    mine = select(Shift).where(Shift.tenant_id == view.tenant_id, Shift.batch_no == number)
    rows = list(view.session.scalars(mine.order_by(Shift.shift_no)))
    made = select(Deposit).where(Deposit.tenant_id == view.tenant_id, Deposit.batch_no == number)
    held = balances.by_account(view, MEANS, batches.party(number))
    banked = view.session.scalars(made.order_by(Deposit.deposit_no))
    return copied(
        BatchReport,
        row,
        shifts=tuple(shift_view(shift) for shift in rows),
        takings=takings(view, [shift.shift_no for shift in rows]),
        office=tuple(MeansTotal(*one) for one in office.banked(view, number).items()),
        left=tuple(MeansTotal(means, amount) for means, amount in held.items() if amount),
        deposits=tuple(deposit_view(deposit) for deposit in banked),
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
    query = select(BankingBatch).where(BankingBatch.tenant_id == view.tenant_id)
    if outlet is not None:
        query = query.where(BankingBatch.outlet == outlet)
    found = newest(view.session, query, BankingBatch.batch_no, after, limit, lambda row: row)
    left = balances.balances(view, MEANS, [batches.party(row.batch_no) for row in found.items])
    rows = [copied(BatchView, row, left=left[batches.party(row.batch_no)]) for row in found.items]
    return Page(rows, found.next)


@dataclass(frozen=True)
class Waiting:
    """An outlet's closed shifts that are in no batch, what their tills hold, and what a batch
    takes of the money without a shift."""

    outlet: str
    shifts: int
    amount: int
    office: int


def unbanked(view: View) -> list[Waiting]:
    """Return the outlets that have closed shifts or money without a shift to be banked, by
    code."""
    query = select(Shift.outlet, Shift.shift_no).where(
        Shift.tenant_id == view.tenant_id, Shift.batch_no.is_(None), Shift.closed_at.is_not(None)
    )
    by_outlet: dict[str, list[int]] = {}
    for outlet, number in view.session.execute(query):
        by_outlet.setdefault(outlet, []).append(number)
    held = shifts.expected(view, [n for found in by_outlet.values() for n in found])
    beside = office.received(view)
    waiting = []
    for outlet in sorted({*by_outlet, *beside}):
        numbers = by_outlet.get(outlet, [])
        tills = {means: sum(held[number][means] for number in numbers) for means in MEANS}
        extra = office.to_bank(beside.get(outlet, {}), tills)
        if numbers or extra:
            waiting.append(Waiting(outlet, len(numbers), sum(tills.values()), sum(extra.values())))
    return waiting
