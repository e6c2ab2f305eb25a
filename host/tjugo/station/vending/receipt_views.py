"""Data about the receipts of a meter or a customer, for their pages."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload

from tjugo.station.storage.moments import iso
from tjugo.station.storage.tables import Sale, VendRequest
from tjugo.station.vending.payment_note import PAYMENT
from tjugo.station.vending.sale_states import state_of_sale
from tjugo.station.work import View

SHOWN = 20


@dataclass(frozen=True)
class ReceiptRow:
    """A receipt. receipt: its number with the outlet; amount: received, negative where it was
    returned, minor units of the currency; state: as of
    state_of_sale()."""

    client: str
    client_id: str
    at: str | None
    kind: str
    receipt: str
    amount: int
    currency: str
    state: str


def of_meter(view: View, drn: str) -> list[ReceiptRow]:
    """Return the SHOWN newest receipts of a meter, newest first."""
    return _newest(view, Sale.drn == drn)


def of_customer(view: View, account_no: str) -> list[ReceiptRow]:
    """Return the SHOWN newest receipts of a customer, newest first, without those of payments,
    which payment_views has."""
    return _newest(view, Sale.account_no == account_no, Sale.kind != PAYMENT)


def _newest(view: View, *which: ColumnElement[bool]) -> list[ReceiptRow]:
    query = (
        select(Sale, VendRequest)
        .join(
            VendRequest,
            (VendRequest.tenant_id == Sale.tenant_id)
            & (VendRequest.client == Sale.client)
            & (VendRequest.client_id == Sale.client_id),
        )
        .where(Sale.tenant_id == view.tenant_id, *which)
        .order_by(Sale.sold_at.desc(), Sale.receipt_no.desc())
        .options(joinedload(VendRequest.sale))
        .limit(SHOWN)
    )
    return [_row(sale, request) for sale, request in view.session.execute(query)]


def _row(sale: Sale, request: VendRequest) -> ReceiptRow:
    return ReceiptRow(
        client=sale.client,
        client_id=sale.client_id,
        at=iso(sale.sold_at),
        kind=sale.kind,
        receipt=f"{sale.outlet} {sale.receipt_no}",
        amount=sale.tendered - sale.change,
        currency=sale.currency,
        state=state_of_sale(request),
    )
