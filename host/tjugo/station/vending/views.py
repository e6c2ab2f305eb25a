"""What became of a request for a sale: the sale, or its refusal, as services have it."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from tjugo import counted
from tjugo.errors import TjugoError, reason
from tjugo.station.receipts.model import Receipt
from tjugo.station.storage.integrity import intact
from tjugo.station.storage.tables import VendRequest
from tjugo.station.work import View
from uplink.messages import NOT_ENERGY

_DAMAGED = "is damaged and its digits are not shown; restore the database from a backup."
_WAITS = "it is sent after the meter has accepted its key change tokens"

TOKEN_ISSUED = "token_issued"
"""The state of a request that is a sale."""

NO_SALE = VendRequest.asked.startswith('{"asked":')
"""Requests for other tokens; see asked.py."""


@dataclass(frozen=True)
class Delivery:
    """The state of a delivery: issued, sent, at_collector, accepted, reported or refused (and
    why). ref None: no collector serves the meter, and the token is to be keyed in. proved: whether
    the meter's result is proved to be its own, None without a result; credit_wh: what it proves to
    have had after the token, None also where its credit is money."""

    state: str
    reason: str | None = None
    ref: int | None = None
    attempts: int = 0
    sent_at: datetime | None = None
    stored_at: datetime | None = None
    done_at: datetime | None = None
    proved: bool | None = None
    credit_wh: int | None = None


@dataclass(frozen=True)
class Sale:
    """A token that was sold. kwh: as requested; units_kwh: what the token carries, which is the
    same, or a little more where the amount field has a coarser step; both None for a token of
    money, which carries credit, in major units, None for the others. digits: of the token that was
    paid for, or of the free units alone; the receipt has all tokens. receipt: None for a sale of a
    version that sold no money's worth. warning: when the meter's key
    expires, if soon; only with the answer to the request (expiry.py)."""

    client: str
    client_id: str
    drn: str
    kwh: Decimal | None
    units_kwh: Decimal | None
    digits: str
    tid: int
    bdt: str
    ea: int
    sgc: str
    krn: int
    kt: int
    ti: str
    issued_at: datetime
    delivery: Delivery
    receipt: Receipt | None = None
    warning: str | None = None
    credit: Decimal | None = None

    def grouped(self) -> str:
        """Return the 20 digits in five groups of four, as printed."""
        return " ".join(self.digits[i : i + 4] for i in range(0, 20, 4))


@dataclass(frozen=True)
class Refusal:
    """A request that was refused; this is final. code: one of tjugo.errors.CODES."""

    client: str
    client_id: str
    drn: str
    kwh: str
    code: str
    message: str

    def error(self) -> TjugoError:
        """Return the refusal as an error."""
        return reason(self.code, self.message)


def outcome_of(row: VendRequest) -> Sale | Refusal:
    """Return the outcome of a decided request; the row must be in a session. Raise Conflict for a
    sale that is void."""
    if row.state == TOKEN_ISSUED:
        _check_void(row)
        return sale_of(row)
    return Refusal(
        client=row.client,
        client_id=row.client_id,
        drn=row.drn,
        kwh=row.kwh or "",
        code=row.code or "invalid",
        message=row.reason or "The sale was refused.",
    )


def sale_of(row: VendRequest) -> Sale:
    """Return the sale of a request whose token is issued; the row must be in a session. Raise
    Unavailable when the record is damaged: wrong digits must never be shown."""
    token = row.tokens[-1] if row.tokens else None
    if token is None or not intact(token):
        raise reason("token_damaged", f"The record of sale {row.client_id} {_DAMAGED}")
    delivery = Delivery("issued")
    if token.delivery is not None:
        names = Delivery.__dataclass_fields__
        delivery = Delivery(**{name: getattr(token.delivery, name) for name in names})
        if delivery.credit_wh == NOT_ENERGY:
            delivery = replace(delivery, credit_wh=None)
        if token.delivery.after_ref is not None and delivery.reason is None:
            delivery = replace(delivery, reason=_WAITS)
    same = ("client", "client_id", "drn", "digits", "tid", "bdt", "ea", "sgc", "krn", "kt", "ti")
    currency = "" if row.sale is None else row.sale.currency
    return Sale(
        **{name: getattr(token, name) for name in same},
        kwh=kwh_of(token.asked_tenths, token.credit),
        units_kwh=kwh_of(token.units_tenths, token.credit),
        credit=credit_of(token.credit, currency),
        issued_at=token.issued_at,
        delivery=delivery,
        receipt=None if row.sale is None else Receipt.from_json(row.sale.receipt),
    )


def kwh_of(tenths: int, credit: int | None) -> Decimal | None:
    """Return the energy of a token in kWh, None of a token of money. credit: see credit_of()."""
    return Decimal(tenths) / 10 if credit is None else None


def credit_of(credit: int | None, currency: str) -> Decimal | None:
    """Return the credit of a token of money in major units, None of others. credit: in 1e-5 of
    the currency."""
    return None if credit is None else counted.major(credit, currency)


def state_of(view: View, client: str, client_id: str) -> str | None:
    """Return the state of a request, TOKEN_ISSUED for a sale, None when there is none."""
    row = view.session.get(VendRequest, (view.tenant_id, client, client_id))
    return None if row is None else row.state


def find_sale(view: View, client: str, client_id: str) -> Sale:
    """Return a sale. Raise NotFound when no token was issued under this id."""
    row = view.session.get(VendRequest, (view.tenant_id, client, client_id))
    if row is None:
        raise reason("sale_unknown", f"There is no sale with the id {client_id}.")
    if row.state != TOKEN_ISSUED:
        raise reason(
            "sale_unknown", f"The request {client_id} has no token: {row.reason or row.state}."
        )
    _check_void(row)
    return sale_of(row)


def _check_void(row: VendRequest) -> None:
    """Raise Conflict when the sale is void: its digits are never shown."""
    if row.sale is not None and row.sale.voided_at is not None:
        raise reason("sale_void", f"Sale {row.client_id} is void: its token is not shown.")
