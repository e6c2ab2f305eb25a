"""What credit notes and payments have in common: money, a receipt and no token."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tjugo.errors import reason
from tjugo.station import counters, names
from tjugo.station.receipts.model import Receipt
from tjugo.station.storage.tables import Sale, VendRequest
from tjugo.station.tills import shifts
from tjugo.station.vending import asked, limits, receipt_of
from tjugo.station.vending.limits import Place
from tjugo.station.vending.purchase import RECEIPTS
from tjugo.station.vending.receipt_of import Builder, Request
from tjugo.station.vending.seller import Seller
from tjugo.station.webhooks import outbox
from tjugo.station.work import View, Work


@dataclass(frozen=True)
class MoneyDone:
    """A credit note or a payment. receipt: how it was printed."""

    client: str
    client_id: str
    receipt: Receipt
    at: datetime


def begin(
    work: Work, client: str, client_id: str, drn: str, wanted: Mapping[str, Any], amount: int
) -> tuple[VendRequest, MoneyDone | None]:
    """Record a request, once for its id. Return its row, and what became of an earlier identical
    one. Raise TjugoError; Conflict when the id was used for something else."""
    row = asked.recorded(work, client, client_id, drn, wanted)
    if row.state == "token_issued":
        return row, done_of(work, row.client, row.client_id)
    row.money = amount
    return row, None


def done_of(view: View, client: str, client_id: str) -> MoneyDone:
    """Return a credit note or a payment that was recorded."""
    sale = view.session.get_one(Sale, (view.tenant_id, client, client_id))
    return MoneyDone(client, client_id, Receipt.from_json(sale.receipt), sale.sold_at)


def place(work: Work, seller: Seller) -> Place:
    """Return the outlet; the shift is locked. Raise TjugoError unless both are open."""
    found = limits.places(work, {seller.outlet}).get(seller.outlet)
    if found is None:
        raise reason("outlet_unknown", f"Outlet {seller.outlet!r} is not registered here.")
    if not found.active:
        raise reason("outlet_closed", f"Outlet {seller.outlet} is not active.")
    if seller.shift_no is not None:
        opened = shifts.require_open(work, [seller.shift_no]).get(seller.shift_no)
        if opened is None:
            raise reason("shift_closed", shifts.closed_sentence(seller.shift_no))
        if opened.outlet != seller.outlet:
            raise reason("shift_closed", f"Shift {seller.shift_no} is at another outlet.")
    return found


def receipt(
    work: Work, row: VendRequest, kind: str, seller: Seller, at: Place, **fields: Any
) -> Receipt:
    """Return a receipt with the outlet's next number. fields: the others of a Receipt."""
    series = f"{RECEIPTS}{seller.outlet}"
    number = counters.take(work, {series: 1})[series]
    request = Request(row.client, row.client_id, seller, at.name)
    builder = Builder(work.tenant, work.now(), names.of_operators(work, [seller.actor]))
    return builder.receipt(kind, number, request, **fields)


def write(
    work: Work, row: VendRequest, seller: Seller, made: Receipt, tendered: int, **fields: Any
) -> MoneyDone:
    """Record the receipt. tendered: minor units, negative for money that is returned; fields: the
    others of a Sale."""
    row.state, row.finished_at = "token_issued", work.now()
    work.session.flush()
    receipt_of.add_row(work, made, seller.shift_no, tendered, **fields)
    event = outbox.CREDIT_NOTE if made.kind == "credit_note" else outbox.PAYMENT
    outbox.emit(work, event, lambda: outbox.receipt_facts(made))
    return MoneyDone(row.client, row.client_id, made, work.now())
