"""Banking batches: the closed shifts of an outlet whose takings are banked together, with what it
received without a shift, and their deposits."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, select

from tjugo.errors import reason
from tjugo.station import clock, counters
from tjugo.station.audit import chain
from tjugo.station.currency import plain
from tjugo.station.ledger import balances
from tjugo.station.ledger.accounts import BANKING, DEPOSIT, MEANS
from tjugo.station.ledger.post import MOST, Entry, PostingRow, post
from tjugo.station.storage.tables import BankingBatch, Deposit, Shift
from tjugo.station.tills import office, shifts
from tjugo.station.tills.vendors import MAIN, known_outlet, known_vendor
from tjugo.station.work import View, Work

BATCH_SERIES, DEPOSIT_SERIES = "batch", "deposit"
ACTION = "banking.edit"
REVERSAL = "deposit_reversal"
"""The kind of the entry that reverses a deposit."""


def close_batch(work: Work, outlet: str) -> int:
    """Put all closed shifts of an outlet that are in no batch into a new one, with the money that
    it received without a shift; return its number.

    What their tills hold becomes the batch's, to be deposited. Raise Conflict when there is
    neither.
    """
    clock.require(work)
    known_outlet(work, outlet)
    rows = _unbanked(work, outlet)
    # The number is locked: no other batch takes the same money now.
    number = counters.take(work, {BATCH_SERIES: 1})[BATCH_SERIES]
    postings, held = _of_tills(work, number, rows)
    extra = office.to_bank(office.received(work).get(outlet, {}), held)
    if not rows and not extra:
        raise reason(
            "batch_empty",
            f"Outlet {outlet} has no closed shift that is not banked, and no money from sales "
            "without a shift.",
        )
    for means, amount in extra.items():
        postings += [(means, "", -amount), (means, party(number), amount)]
    work.session.add(
        BankingBatch(
            tenant_id=work.tenant_id,
            batch_no=number,
            outlet=outlet,
            closed_by=work.actor[:80],
            closed_at=work.now(),
        )
    )
    for row in rows:
        row.batch_no = number
    work.session.flush()
    if postings:
        post(work, Entry(BANKING, str(number), tuple(postings), outlet))
    listed = ", ".join(str(row.shift_no) for row in rows) or "none"
    beside = "".join(f"; without a shift {plain(work, extra[name])} {name}" for name in extra)
    chain.record(work, ACTION, f"batch {number}", f"shifts {listed}{beside}")
    return number


def _of_tills(
    work: Work, number: int, rows: list[Shift]
) -> tuple[list[PostingRow], dict[str, int]]:
    """Return the postings of what the tills of shifts hold, and its sums by means."""
    postings: list[PostingRow] = []
    sums: dict[str, int] = {}
    for shift_no, held in shifts.expected(work, [row.shift_no for row in rows]).items():
        for means, amount in held.items():
            if amount:
                postings.append((means, str(shift_no), -amount))
                postings.append((means, party(number), amount))
                sums[means] = sums.get(means, 0) + amount
    return postings, sums


def party(batch_no: int) -> str:
    """Return the party of the means of payment that a batch holds."""
    return f"batch/{batch_no}"


def _unbanked(work: Work, outlet: str) -> list[Shift]:
    row = Shift
    query = (
        select(row)
        .where(row.tenant_id == work.tenant_id, row.outlet == outlet)
        .where(row.batch_no.is_(None), row.closed_at.is_not(None))
        .order_by(row.shift_no)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return [found for found in work.session.scalars(query) if found.batch_no is None]


def known_batch(view: View, number: int) -> BankingBatch:
    """Return a batch. Raise NotFound."""
    possible = 0 < number <= counters.MOST
    row = view.session.get(BankingBatch, (view.tenant_id, number)) if possible else None
    if row is None:
        raise reason("batch_unknown", f"There is no banking batch {number}.")
    return row


@dataclass(frozen=True)
class NewDeposit:
    """Money taken to the bank: amount in minor units, bank_ref as on the bank's slip."""

    amount: int
    bank_ref: str
    means: str = "cash"


def deposit_batch(work: Work, batch_no: int, new: NewDeposit) -> int:
    """Record that money of a batch was banked; return the deposit's number. Raise TjugoError when
    it is more than the batch holds."""
    batch = known_batch(work, batch_no)
    work.session.refresh(batch, with_for_update={"key_share": True})  # what it holds is checked
    _check(new)
    left = balances.balance(work, new.means, party(batch_no))
    if new.amount > left:
        raise reason(
            "deposit_too_much",
            f"Batch {batch_no} holds less {new.means.replace('_', ' ')} than this deposit.",
        )
    outlet = known_outlet(work, batch.outlet)
    return _deposit(work, outlet.vendor, new, batch_no, (new.means, party(batch_no)))


def deposit_vendor(work: Work, vendor: str, new: NewDeposit) -> int:
    """Record that a vendor paid money into the bank; return the deposit's number."""
    known_vendor(work, vendor)
    if vendor == MAIN:
        raise reason(
            "vendor_invalid",
            "The utility's own money is deposited by banking batch: make one of the outlet, also "
            "for what it received without a shift.",
        )
    _check(new)
    return _deposit(work, vendor, new, None, ("vendor", vendor))


def _check(new: NewDeposit) -> None:
    if not 0 < new.amount <= MOST:
        raise reason("amount_invalid", "A deposit is more than 0.")
    if new.means not in MEANS:
        raise reason("means_unknown", f"{new.means[:30]!r} is not a means of payment.")
    if not 0 < len(new.bank_ref.strip()) <= 60 or not new.bank_ref.isprintable():
        raise reason(
            "bank_ref_invalid", "The bank's reference has 1 to 60 characters that can be printed."
        )


def _deposit(
    work: Work, vendor: str, new: NewDeposit, batch_no: int | None, source: tuple[str, str]
) -> int:
    number = counters.take(work, {DEPOSIT_SERIES: 1})[DEPOSIT_SERIES]
    _check_new(work, vendor, new.bank_ref)  # the number is locked: no other deposit is made now
    row = Deposit(
        tenant_id=work.tenant_id,
        deposit_no=number,
        vendor=vendor,
        batch_no=batch_no,
        means=new.means,
        amount=new.amount,
        bank_ref=new.bank_ref.strip(),
        made_by=work.actor[:80],
        made_at=work.now(),
    )
    work.session.add(row)
    work.session.flush()
    postings = (("bank", "", new.amount), (*source, -new.amount))
    post(work, Entry(DEPOSIT, str(number), postings, text=row.bank_ref))
    detail = f"{plain(work, new.amount)} of {vendor}, {row.bank_ref}"
    chain.record(work, ACTION, f"deposit {number}", detail)
    return number


def _check_new(work: Work, vendor: str, bank_ref: str) -> None:
    """Raise Conflict when the vendor has a deposit with this reference, also if it was typed with
    other spaces or small letters: a slip that is recorded twice is money that nobody has."""

    def bare(text: Any) -> ColumnElement[str]:
        return func.upper(func.replace(text, " ", ""))

    query = select(Deposit.bank_ref).where(
        Deposit.tenant_id == work.tenant_id,
        Deposit.vendor == vendor,
        Deposit.reversed_at.is_(None),
        bare(Deposit.bank_ref) == bare(bank_ref),
    )
    found = work.session.scalar(query)
    if found is not None:
        raise reason(
            "deposit_exists", f"A deposit with the reference {found} is recorded already."
        )


def reverse_deposit(work: Work, deposit_no: int, text: str) -> None:
    """Undo a deposit that was recorded in error by a new entry. text: why. Raise TjugoError."""
    row = known_deposit(work, deposit_no, lock=True)
    if row.reversed_at is not None:
        raise reason("deposit_reversed", f"Deposit {deposit_no} is reversed already.")
    if not 0 < len(text.strip()) <= 200:
        raise reason("reason_invalid", "A reversal has a reason of 1 to 200 characters.")
    row.reversed_at = work.now()
    work.session.flush()
    source = ("vendor", row.vendor) if row.batch_no is None else (row.means, party(row.batch_no))
    postings = ((*source, row.amount), ("bank", "", -row.amount))
    post(work, Entry(REVERSAL, str(deposit_no), postings, text=text.strip()))
    chain.record(work, ACTION, f"deposit {deposit_no}", f"reversed: {text.strip()}")


def known_deposit(view: View, deposit_no: int, lock: bool = False) -> Deposit:
    """Return a deposit, its row locked on demand. Raise NotFound."""
    query = select(Deposit).where(
        Deposit.tenant_id == view.tenant_id, Deposit.deposit_no == deposit_no
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    possible = 0 < deposit_no <= counters.MOST
    row = view.session.scalars(query).first() if possible else None
    if row is None:
        raise reason("deposit_unknown", f"There is no deposit {deposit_no}.")
    return row
