"""Credit notes: money back, whole or in part, for a sale whose token was shown; whole for a
payment (`payment_note`).

Each line of the sale is reversed in proportion; its units leave the month in which they were
bought. The token itself stays valid: a credit note is written for one that the meter did not take,
or whose use was agreed with the customer. Credit that a replacement issued again is not credited.
"""

import json
from collections.abc import Iterable
from dataclasses import replace

from tjugo import money
from tjugo.errors import reason
from tjugo.station.audit import chain
from tjugo.station.ledger import accounts, post
from tjugo.station.receipts import model
from tjugo.station.receipts.model import Line, Receipt
from tjugo.station.storage.tables import Sale, VendRequest
from tjugo.station.tariffs import situations
from tjugo.station.tills import shifts
from tjugo.station.vending import change_out, money_only, owed, payment_note
from tjugo.station.vending.limits import Place
from tjugo.station.vending.money_only import MoneyDone
from tjugo.station.vending.note import CASH, CREDIT, WAYS, CreditNote, check_cash
from tjugo.station.vending.postings import credited
from tjugo.station.vending.shares import shares
from tjugo.station.vending.void import ACTION, locked_sale, reopen, was_shown
from tjugo.station.vending.why import checked_why
from tjugo.station.work import View, Work

_NOT_CREDITED = ("change", "free", "credit")


def credit_note(work: Work, asked: CreditNote) -> MoneyDone:
    """Write a credit note, or return the one that was written under this id.

    Raise TjugoError with nothing recorded: NotFound for the sale or payment, Conflict
    (`sale_not_credited`) when it cannot be credited by so much.
    """
    why = checked_why(asked.why)
    if asked.to not in (None, *WAYS):
        raise reason("means_unknown", f"The money goes to one of {', '.join(WAYS)}.")
    sale = locked_sale(work, asked.of_client, asked.of_client_id)
    if sale.kind != payment_note.PAYMENT:
        asked = replace(asked, to=asked.to or CREDIT)
    wanted = {
        "kind": "credit_note",
        "of": [asked.of_client, asked.of_client_id],
        "amount": asked.amount,
        "to": asked.to,
    }
    given = asked.amount or 0
    row, before = money_only.begin(
        work, asked.client, asked.client_id, sale.drn or "", wanted, given
    )
    if before is not None:
        return before
    if sale.kind == payment_note.PAYMENT:
        return payment_note.write(work, row, asked, why, sale)
    return _write(work, row, asked, why, sale)


def _write(work: Work, row: VendRequest, asked: CreditNote, why: str, sale: Sale) -> MoneyDone:
    notes = owed.notes_of(work, sale)
    printed = Receipt.from_json(sale.receipt)
    rest = _rest(printed, notes)
    units = owed.left_of_sale(sale, notes)
    amount = _checked(work, sale, sum(rest.values()), units, asked)
    row.money = amount
    place = money_only.place(work, asked.seller)
    check_cash(work, asked.seller, amount if asked.to == CASH else 0)
    parts = shares(list(rest.values()), amount)
    lines = _lines(printed, zip(rest, parts, strict=True))
    left = sum(rest.values())
    part = -(-units * amount // left)  # what is left is never more than what was paid for it
    tenths, credit = (part, None) if sale.credit is None else (0, part)
    assert sale.drn is not None
    charges = json.loads(sale.charges) if sale.charges and amount == left else {}
    situations.take_back(work, sale.drn, f"{sale.day:%Y-%m}", tenths, 0, charges)
    made = money_only.receipt(
        work,
        row,
        "credit_note",
        asked.seller,
        place,
        customer=printed.customer,
        meter=printed.meter,
        lines=lines,
        tendered=(model.Tender("account" if asked.to == CREDIT else "cash", amount),),
        text=why,
        credits=f"{sale.outlet} {sale.receipt_no}",
    )
    done = money_only.write(
        work,
        row,
        asked.seller,
        made,
        -amount,
        drn=sale.drn,
        tariff=sale.tariff,
        tariff_version=sale.tariff_version,
        paid_tenths=-tenths,
        credit=None if credit is None else -credit,
        credits_client=sale.client,
        credits_client_id=sale.client_id,
        charges=json.dumps({code: -months for code, months in charges.items()})
        if charges
        else None,
    )
    _post(work, asked, sale, place, lines, amount)
    subject = f"receipt {sale.outlet} {sale.receipt_no}"
    paid = money.plain(amount, made.currency)
    what = f"{tenths / 10:.1f} kWh"
    if credit is not None:
        what = f"{money.plain(credit, made.currency)} of credit"
    text = f"credit note {made.outlet} {made.number}: {paid} in {asked.to}, {what}"
    chain.record(work, ACTION, subject, f"{text}: {why}"[:400], actor=asked.seller.actor)
    return done


def left(view: View, client: str, client_id: str) -> int:
    """Return what is left of a sale by its id; 0 for one without a receipt."""
    sale = view.session.get(Sale, (view.tenant_id, client, client_id))
    return 0 if sale is None else left_of(view, sale)


def left_of(view: View, sale: Sale) -> int:
    """Return what is left of a sale to be credited, minor units."""
    if sale.kind != "credit" or sale.voided_at is not None:
        return 0
    notes = owed.notes_of(view, sale)
    rest = sum(_rest(Receipt.from_json(sale.receipt), notes).values())
    return _most(view, sale, rest, owed.left_of_sale(sale, notes))


def _most(view: View, sale: Sale, rest: int, units: int) -> int:
    """Return how much of the rest of a sale can be credited: the part of its units that no
    replacement issued again, for its meter or the one in its place."""
    replaced, kept = owed.replaced(view, sale), change_out.kept(view, sale)
    if kept is not None:
        replaced = max(replaced, units - max(0, kept))
    if not replaced:
        return rest
    return rest * max(0, units - replaced) // units if units > 0 else 0


def _rest(printed: Receipt, notes: list[Sale]) -> dict[tuple[str, str], int]:
    """Return what is left of the lines of a sale, by kind and code."""
    rest: dict[tuple[str, str], int] = {}
    for line in printed.lines:
        if line.kind not in _NOT_CREDITED:
            key = (line.kind, line.code)
            rest[key] = rest.get(key, 0) + line.amount
    for note in notes:
        for line in Receipt.from_json(note.receipt).lines:
            rest[line.kind, line.code] -= line.amount
    return rest


def _checked(work: Work, sale: Sale, rest: int, units: int, asked: CreditNote) -> int:
    """Return the amount. Raise TjugoError when the sale cannot be credited by it."""
    left = _most(work, sale, rest, units)
    amount = left if asked.amount is None else asked.amount
    name = f"Sale {sale.client_id}"
    if sale.voided_at is not None:
        raise reason("sale_void", f"{name} is void: nothing is left of it.")
    if sale.kind != "credit":
        raise reason("sale_not_credited", f"{name} is no sale for money.")
    if not was_shown(work, sale):
        raise reason("sale_not_credited", f"{name} can be voided: its token was not shown yet.")
    if left <= 0 < rest:
        what = "token" if owed.replaced(work, sale) else "credit in the meter"
        raise reason("sale_not_credited", f"The {what} of sale {sale.client_id} was replaced.")
    if left <= 0:
        raise reason("sale_not_credited", f"Nothing is left of sale {sale.client_id}.")
    if not 0 < amount:
        raise reason("amount_invalid", "The amount must be more than 0.")
    if amount > left:
        most = money.plain(left, sale.currency)
        raise reason("sale_not_credited", f"Of sale {sale.client_id} only {most} are left.")
    if asked.to == CREDIT and sale.account_no is None:
        raise reason("sale_not_credited", f"{name} has no customer: return the money in cash.")
    return amount


def _lines(printed: Receipt, parts: Iterable[tuple[tuple[str, str], int]]) -> tuple[Line, ...]:
    named: dict[tuple[str, str], Line] = {}
    for line in printed.lines:
        named.setdefault((line.kind, line.code), line)
    return tuple(
        replace(named[key], amount=part, tenths=None, rate=None, balance=None)
        for key, part in parts
        if part
    )


def _post(
    work: Work,
    asked: CreditNote,
    sale: Sale,
    place: Place,
    lines: tuple[Line, ...],
    amount: int,
) -> None:
    seller, account_no = asked.seller, sale.account_no or ""
    rows: dict[tuple[str, str], int] = {}
    for line in lines:
        key = credited(line, sale.tariff or "", account_no)
        rows[key] = rows.get(key, 0) + line.amount
    if asked.to == CREDIT:
        rows["customer_credit", account_no] = -amount
    else:
        for account, party, paid in shifts.received(
            place.vendor, seller.shift_no, [("cash", -amount)]
        ):
            rows[account, party] = rows.get((account, party), 0) + paid
    reopen(work, {party for account, party in rows if account == situations.DEBT_ACCOUNT})
    post.post(
        work,
        post.Entry(
            accounts.CREDIT_NOTE,
            f"{asked.client}/{asked.client_id}",
            tuple((*key, value) for key, value in rows.items() if value),
            seller.outlet,
            seller.shift_no,
            f"{sale.client}/{sale.client_id}",
            seller.actor,
        ),
    )
