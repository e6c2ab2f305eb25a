"""Credit notes of payments: a payment without energy is undone as a whole.

What it paid for is owed again, or leaves the customer's credit. The money goes back by the means
by which it came: cash from the till of whoever returns it; what is not cash from the till that has
it while that is open, and from the office afterwards.
"""

from dataclasses import replace

from tjugo import money
from tjugo.errors import reason
from tjugo.station.audit import chain
from tjugo.station.ledger import accounts, balances, post
from tjugo.station.ledger.post import PostingRow
from tjugo.station.receipts import model
from tjugo.station.receipts.model import TO_CREDIT, Line, Receipt
from tjugo.station.storage.tables import Customer, Sale, VendRequest
from tjugo.station.tariffs.situations import DEBT_ACCOUNT, party
from tjugo.station.tills import shifts
from tjugo.station.vending import limits, money_only, owed, vouchers
from tjugo.station.vending.limits import Place
from tjugo.station.vending.money_only import MoneyDone
from tjugo.station.vending.note import CASH, CreditNote, check_cash
from tjugo.station.vending.void import ACTION, reopen
from tjugo.station.work import View, Work

PAYMENT = "payment"
"""The kind of a Sale that is a payment."""


def left(view: View, client: str, client_id: str) -> int:
    """Return what a credit note of a payment would return, minor units; 0 for one that has a
    credit note, and for what is no payment."""
    payment = view.session.get(Sale, (view.tenant_id, client, client_id))
    if payment is None or payment.kind != PAYMENT or owed.notes_of(view, payment):
        return 0
    return _sum(Receipt.from_json(payment.receipt))


def write(work: Work, row: VendRequest, asked: CreditNote, why: str, payment: Sale) -> MoneyDone:
    """Write the credit note of a payment, whose row is locked. Raise Conflict
    (`sale_not_credited`) with the reason why it has none."""
    printed, seller = Receipt.from_json(payment.receipt), asked.seller
    amount, back = _sum(printed), _back(printed)
    _check(work, asked, payment, amount, back)
    row.money = amount
    key = (work.tenant_id, payment.account_no)
    work.session.get_one(Customer, key, with_for_update={"key_share": True})
    (paid,) = printed.lines
    reopen(work, set() if paid.code == TO_CREDIT else {_target(payment, paid)[1]})
    line = _line(work, payment, paid)
    numbers = [no for no in (seller.shift_no, payment.shift_no) if no is not None]
    opened = shifts.require_open(work, numbers)
    place = money_only.place(work, seller)
    check_cash(work, seller, sum(one.amount for one in back if one.means == "cash"))
    made = money_only.receipt(
        work,
        row,
        "credit_note",
        seller,
        place,
        customer=printed.customer,
        lines=(line,),
        tendered=back,
        text=why,
        credits=f"{payment.outlet} {payment.receipt_no}",
    )
    of = {"credits_client": payment.client, "credits_client_id": payment.client_id}
    done = money_only.write(work, row, seller, made, -amount, **of)
    vouchers.release(work, payment.client, payment.client_id)
    till = payment.shift_no if payment.shift_no in opened else None
    _post(work, asked, payment, place, _target(payment, paid), back, till)
    subject = f"receipt {payment.outlet} {payment.receipt_no}"
    what = f"credit note {made.outlet} {made.number}: {money.plain(amount, made.currency)}"
    means = ", ".join(one.means for one in back)
    chain.record(work, ACTION, subject, f"{what} by {means}: {why}"[:400], actor=seller.actor)
    return done


def _sum(printed: Receipt) -> int:
    return printed.paid() - printed.change


def _back(printed: Receipt) -> tuple[model.Tender, ...]:
    """Return what goes back: what was given, less the change."""
    cash = sum(one.amount for one in printed.tendered if one.means == "cash") - printed.change
    others = tuple(one for one in printed.tendered if one.means != "cash")
    return (model.Tender("cash", cash), *others) if cash else others


def _check(
    work: Work,
    asked: CreditNote,
    payment: Sale,
    amount: int,
    back: tuple[model.Tender, ...],
) -> None:
    notes = owed.notes_of(work, payment)
    name = f"Payment {payment.client_id}"
    if notes:
        raise reason("sale_not_credited", f"{name} has {owed.named(notes)} already.")
    if asked.amount not in (None, amount):
        whole = money.plain(amount, payment.currency)
        raise reason("sale_not_credited", f"{name} is credited as a whole: {whole}.")
    by_cash = all(one.means == "cash" for one in back)
    if asked.to is not None and not (asked.to == CASH and by_cash):
        means = ", ".join(sorted({one.means.replace("_", " ") for one in back}))
        raise reason(
            "sale_not_credited", f"{name} goes back by the means by which it was paid: {means}."
        )


def _target(payment: Sale, paid: Line) -> tuple[str, str]:
    """Return the account and party that the payment was posted to."""
    account_no = payment.account_no or ""
    if paid.code == TO_CREDIT:
        return "customer_credit", account_no
    return DEBT_ACCOUNT, party(account_no, int(paid.code))


def _line(work: Work, payment: Sale, paid: Line) -> Line:
    """Return the line of the receipt. Raise Conflict when the credit is spent."""
    held = balances.balance(work, *_target(payment, paid))
    if paid.code != TO_CREDIT:
        return replace(paid, balance=held + paid.amount)
    if -held < paid.amount:
        there = money.plain(max(-held, 0), payment.currency)
        raise reason(
            "sale_not_credited", f"The payment is spent: the customer's credit is {there}."
        )
    return replace(paid, balance=-held - paid.amount)


def _post(
    work: Work,
    asked: CreditNote,
    payment: Sale,
    place: Place,
    target: tuple[str, str],
    back: tuple[model.Tender, ...],
    till: int | None,
) -> None:
    """Post the cash with the shift of whoever returns it, and the rest with the payment's outlet
    and its till, so that the takings of each shift are what its till has."""
    ref, seller = f"{asked.client}/{asked.client_id}", asked.seller
    cash = [(one.means, -one.amount) for one in back if one.means == "cash"]
    others = [(one.means, -one.amount) for one in back if one.means not in ("cash", "account")]
    credit = sum(one.amount for one in back if one.means == "account")
    theirs = limits.places(work, {payment.outlet})[payment.outlet].vendor
    kept = [("customer_credit", payment.account_no or "", -credit)]
    parts = (
        (seller.outlet, seller.shift_no, shifts.received(place.vendor, seller.shift_no, cash)),
        (payment.outlet, till, [*shifts.received(theirs, till, others), *kept]),
    )
    for outlet, shift_no, rows in parts:
        given = _merged(rows)
        if not given:
            continue
        whole = (*given, (*target, -sum(amount for _, _, amount in given)))
        text = f"{payment.client}/{payment.client_id}"
        entry = post.Entry(accounts.PAYMENT_NOTE, ref, whole, outlet, shift_no, text, seller.actor)
        post.post(work, entry)
        ref = f"{ref}#2"


def _merged(rows: list[PostingRow]) -> tuple[PostingRow, ...]:
    sums: dict[tuple[str, str], int] = {}
    for account, of, amount in rows:
        sums[account, of] = sums.get((account, of), 0) + amount
    return tuple((*key, amount) for key, amount in sums.items() if amount)
