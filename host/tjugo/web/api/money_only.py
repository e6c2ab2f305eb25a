"""Voids, credit notes and payments over /api/v1."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field

from tjugo import money
from tjugo.station.receipts import model
from tjugo.station.station import Station
from tjugo.station.vending.credit_note import credit_note
from tjugo.station.vending.money_only import MoneyDone
from tjugo.station.vending.note import CreditNote
from tjugo.station.vending.payment import Payment, pay
from tjugo.station.vending.seller import Seller
from tjugo.station.vending.void import void
from tjugo.web.api.fields import CLIENT, Money, RequestBody
from tjugo.web.api.vends import TenderBody, tenders_of
from tjugo.web.current import actor, check_own, namespace
from tjugo.web.seller import seller

_Why = Annotated[str, Field(max_length=200)]


class VoidBody(RequestBody):
    """Why the sale is void."""

    reason: _Why


class CreditNoteBody(RequestBody):
    """A credit note for a sale or a payment: its id, and its client where that is another one.
    amount: a part of what is left of the sale, all of it without; to: the customer's credit, or
    back in cash. A payment is credited whole, by the means by which it was paid."""

    sale: Annotated[str, Field(max_length=64)]
    client: Annotated[str | None, Field(max_length=40)] = None
    amount: Money | None = None
    to: Literal["credit", "cash"] | None = None
    reason: _Why


class PaymentBody(RequestBody):
    """A payment to a debt, or to the customer's credit without a number of a debt. tenders: how it
    is paid; none: the exact amount in cash."""

    account_no: Annotated[str, Field(max_length=20)]
    debt_no: Annotated[int | None, Field(ge=1, le=10**9)] = None
    amount: Money
    tenders: list[TenderBody] = Field(default_factory=list, max_length=8)


@dataclass(frozen=True)
class VoidView:
    """A sale that is void."""

    client: str
    client_id: str
    voided_at: datetime | None
    voided_by: str | None


@dataclass(frozen=True)
class MoneyView:
    """A credit note or a payment. Money in minor units of the currency."""

    client: str
    client_id: str
    receipt: model.Receipt


def add_routes(api: APIRouter, station: Station) -> None:
    """Add the routes of voids, credit notes and payments."""

    @api.post("/vends/{client_id}:void")
    def post_void(client_id: str, body: VoidBody, client: str | None = None) -> VoidView:
        """Void a sale whose token was shown to nobody; a repeat changes nothing. After that a
        credit note is the way."""
        whose = client or namespace(CLIENT)
        check_own(whose)
        with station.work(actor()) as work:
            sale = void(work, whose, client_id, body.reason)
            return VoidView(sale.client, sale.client_id, sale.voided_at, sale.voided_by)

    @api.put("/credit-notes/{client_id}")
    def put_credit_note(client_id: str, body: CreditNoteBody) -> MoneyView:
        """Write a credit note once for each client_id, however often the request is repeated."""
        own = namespace(CLIENT)
        check_own(body.client or own)
        amount = None if body.amount is None else money.given(body.amount, station.currency)
        with station.work(actor()) as work:
            asked = CreditNote(
                own,
                client_id,
                body.client or own,
                body.sale,
                Seller(**seller(work)),
                body.reason,
                amount,
                body.to,
            )
            return _view(credit_note(work, asked))

    @api.put("/payments/{client_id}")
    def put_payment(client_id: str, body: PaymentBody) -> MoneyView:
        """Record a payment once for each client_id, however often the request is repeated."""
        amount = money.given(body.amount, station.currency)
        paid = tenders_of(body.tenders, station.currency)
        with station.work(actor()) as work:
            who = Seller(**seller(work))
            asked = Payment(
                namespace(CLIENT), client_id, body.account_no, amount, who, body.debt_no, paid
            )
            return _view(pay(work, asked))


def _view(done: MoneyDone) -> MoneyView:
    return MoneyView(done.client, done.client_id, done.receipt)
