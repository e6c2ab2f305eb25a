"""Data about payments for the page of a customer."""

from dataclasses import dataclass

from sqlalchemy import select

from tjugo.station.storage.moments import iso
from tjugo.station.storage.tables import Sale
from tjugo.station.vending import owed
from tjugo.station.vending.payment_note import PAYMENT
from tjugo.station.work import View

SHOWN = 10


@dataclass(frozen=True)
class PaymentView:
    """A payment. amount: minor units; receipt: its number with the outlet; credited: the number of
    its credit note, None where it has none."""

    client: str
    client_id: str
    at: str | None
    receipt: str
    amount: int
    credited: str | None


def newest(view: View, account_no: str) -> list[PaymentView]:
    """Return the SHOWN newest payments of a customer, newest first."""
    query = (
        select(Sale)
        .where(Sale.tenant_id == view.tenant_id, Sale.account_no == account_no)
        .where(Sale.kind == PAYMENT)
        .order_by(Sale.sold_at.desc(), Sale.receipt_no.desc())
        .limit(SHOWN)
    )
    return [_view(view, row) for row in view.session.scalars(query)]


def _view(view: View, row: Sale) -> PaymentView:
    notes = owed.notes_of(view, row)
    return PaymentView(
        row.client,
        row.client_id,
        iso(row.sold_at),
        f"{row.outlet} {row.receipt_no}",
        row.tendered - row.change,
        f"{notes[0].outlet} {notes[0].receipt_no}" if notes else None,
    )
