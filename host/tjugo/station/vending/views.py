"""Data about sales for pages, commands and the API."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import joinedload, selectinload

from tjugo.errors import TjugoError, Unavailable, reason
from tjugo.station.receipts.model import Receipt, fields_of
from tjugo.station.storage.integrity import intact
from tjugo.station.storage.moments import iso
from tjugo.station.storage.paging import LIMIT, Page, bounded, contains, no_such_page, page
from tjugo.station.storage.tables import Sale as SaleRow
from tjugo.station.storage.tables import Token, VendRequest
from tjugo.station.work import View

_DAMAGED = "is damaged and its digits are not shown; restore the database from a backup."

TOKEN_ISSUED = "token_issued"
"""The state of a request that is a sale."""

NO_SALE = VendRequest.asked.startswith('{"asked":')
"""Requests for other tokens; see asked.py."""
SOLD, NOT_SHOWN, VOID = "sold", "not_shown", "void"


@dataclass(frozen=True)
class Delivery:
    """The state of a delivery: issued, sent, at_collector, accepted or refused (and why). ref
    None: no collector serves the meter, and the token is to be keyed in."""

    state: str
    reason: str | None = None
    ref: int | None = None
    attempts: int = 0
    sent_at: datetime | None = None
    stored_at: datetime | None = None
    done_at: datetime | None = None


@dataclass(frozen=True)
class Sale:
    """A token that was sold. kwh: as requested; units_kwh: what the token carries, which is the
    same, or a little more where the amount field has a coarser step. digits: of the token that was
    paid for, or of the free units alone; the receipt has all tokens. receipt: None for a sale of a
    version that sold no money's worth. warning: when the meter's key
    expires, if soon; only with the answer to the request (expiry.py)."""

    client: str
    client_id: str
    drn: str
    kwh: Decimal
    units_kwh: Decimal
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


@dataclass(frozen=True)
class DeliveryView:
    """A delivery for JSON. channel: `collector` or `keyed`; times ISO 8601 in UTC."""

    channel: str
    state: str
    reason: str | None
    ref: int | None
    attempts: int
    sent_at: str | None
    stored_at: str | None
    done_at: str | None


@dataclass(frozen=True)
class SaleView:
    """A sale for JSON: kWh as strings, times as ISO 8601 in UTC. warning: the meter's key expires
    soon; only in the answer to a sale. state: `sold`; in a list also `not_shown` (its token was
    shown to nobody, so that it can be voided) and `void`, both without digits."""

    client: str
    client_id: str
    drn: str
    kwh: str
    units_kwh: str
    token: str
    token_grouped: str
    tid: int
    bdt: str
    ea: str
    sgc: str
    krn: int
    kt: int
    ti: str
    issued_at: str
    delivery: DeliveryView
    receipt: dict[str, Any] | None = None
    warning: str | None = None
    state: str = SOLD


@dataclass(frozen=True)
class RefusalView:
    """A refused request for JSON. refused: the reason as a sentence. kwh and drn as requested."""

    client: str
    client_id: str
    drn: str
    kwh: str
    issued_at: str
    refused: str
    code: str | None


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
    same = ("client", "client_id", "drn", "digits", "tid", "bdt", "ea", "sgc", "krn", "kt", "ti")
    return Sale(
        **{name: getattr(token, name) for name in same},
        kwh=Decimal(token.asked_tenths) / 10,
        units_kwh=Decimal(token.units_tenths) / 10,
        issued_at=token.issued_at,
        delivery=delivery,
        receipt=None if row.sale is None else Receipt.from_json(row.sale.receipt),
    )


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


def _state(row: VendRequest) -> str:
    if row.sale is None:
        return SOLD
    if row.sale.voided_at is not None:
        return VOID
    sent = any(token.delivery is not None and token.delivery.attempts for token in row.tokens)
    return SOLD if row.sale.shown_at is not None or sent else NOT_SHOWN


def sales(
    view: View,
    search: str = "",
    after: str | None = None,
    limit: int = LIMIT,
    client: str | None = None,
) -> Page[SaleView | RefusalView]:
    """Return requests, newest first, refused ones included. client: only its own, None all.

    search: part of a DRN, of a request id or of a token's digits. Raise TjugoError when `after` is
    not the `next` of an earlier page.
    """
    limit = bounded(limit)
    query = (
        select(VendRequest)
        .where(
            VendRequest.tenant_id == view.tenant_id,
            or_(VendRequest.asked.is_(None), ~NO_SALE),
        )
        .order_by(
            VendRequest.created_at.desc(), VendRequest.client.desc(), VendRequest.client_id.desc()
        )
        .options(
            selectinload(VendRequest.tokens).joinedload(Token.delivery),
            joinedload(VendRequest.sale),
        )
        .limit(limit + 1)
    )
    if client is not None:
        query = query.where(VendRequest.client == client)
    if search:
        digits = "".join(search.split())
        # Of a token that nobody was shown not even a part is confirmed.
        shown = and_(SaleRow.voided_at.is_(None), SaleRow.shown_at.is_not(None))
        query = (
            query.outerjoin(VendRequest.tokens)
            .outerjoin(VendRequest.sale)
            .where(
                or_(
                    contains(search, VendRequest.drn, VendRequest.client_id),
                    contains(digits, VendRequest.drn),
                    and_(contains(digits, Token.digits), or_(SaleRow.client.is_(None), shown)),
                )
            )
        )
    if after is not None:
        query = query.where(_older(after))
    found = page(view.session.scalars(query).all(), limit, _place)
    return Page([_request_view(row) for row in found.items], found.next)


def _place(row: VendRequest) -> str:
    return f"{row.created_at.timestamp():.6f}~{row.client}~{row.client_id}"


def _older(place: str) -> ColumnElement[bool]:
    at, _, rest = place.partition("~")
    client, _, client_id = rest.partition("~")
    try:
        moment = datetime.fromtimestamp(float(at), UTC)
    except (ValueError, OverflowError, OSError):
        raise no_such_page() from None
    row = VendRequest
    same_client = and_(row.client == client, row.client_id < client_id)
    return or_(
        row.created_at < moment,
        and_(row.created_at == moment, or_(row.client < client, same_client)),
    )


def _request_view(row: VendRequest) -> SaleView | RefusalView:
    refused, code = row.reason or "not finished", row.code
    if row.state == TOKEN_ISSUED:
        try:
            state = _state(row)
            found = sale_view(sale_of(row))
            return found if state == SOLD else _hidden(found, state)
        except Unavailable as error:
            refused, code = error.message, error.code
    return RefusalView(
        client=row.client,
        client_id=row.client_id,
        drn=row.drn,
        kwh=row.kwh or "",
        issued_at=iso(row.created_at) or "",
        refused=refused,
        code=code,
    )


def _hidden(found: SaleView, state: str) -> SaleView:
    receipt = None if found.receipt is None else {**found.receipt, "tokens": []}
    return replace(found, token="", token_grouped="", receipt=receipt, state=state)


def sale_view(sale: Sale) -> SaleView:
    """Return a sale for JSON."""
    delivery = sale.delivery
    same = ("client", "client_id", "drn", "tid", "bdt", "sgc", "krn", "kt", "ti")
    return SaleView(
        **{name: getattr(sale, name) for name in same},
        kwh=str(sale.kwh),
        units_kwh=str(sale.units_kwh),
        token=sale.digits,
        token_grouped=sale.grouped(),
        ea=f"{sale.ea:02d}",
        issued_at=iso(sale.issued_at) or "",
        delivery=DeliveryView(
            channel="keyed" if delivery.ref is None else "collector",
            state=delivery.state,
            reason=delivery.reason,
            ref=delivery.ref,
            attempts=delivery.attempts,
            sent_at=iso(delivery.sent_at),
            stored_at=iso(delivery.stored_at),
            done_at=iso(delivery.done_at),
        ),
        receipt=None if sale.receipt is None else fields_of(sale.receipt),
        warning=sale.warning,
    )


def document(sale: SaleView) -> dict[str, Any]:
    """Return a sale's view as JSON values."""
    return {**vars(sale), "delivery": vars(sale.delivery)}
