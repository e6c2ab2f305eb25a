"""Data about sales for pages, commands and the API."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.orm import joinedload, subqueryload

from tjugo.errors import Unavailable
from tjugo.station.receipts.model import fields_of
from tjugo.station.storage.moments import iso
from tjugo.station.storage.paging import LIMIT, Page, bounded, contains, no_such_page, page
from tjugo.station.storage.tables import Sale as SaleRow
from tjugo.station.storage.tables import Token, VendRequest
from tjugo.station.vending import sale_search
from tjugo.station.vending.sale_states import SOLD, state_of_sale
from tjugo.station.vending.views import NO_SALE, TOKEN_ISSUED, Sale, sale_of
from tjugo.station.work import View


@dataclass(frozen=True)
class DeliveryView:
    """A delivery for JSON. channel: `collector` or `keyed`; times ISO 8601 in UTC. proved: whether
    the meter's result is proved to be its own, null without a result; credit_wh: the meter's
    credit after the token, null unless it is proved, and where it is money."""

    channel: str
    state: str
    reason: str | None
    ref: int | None
    attempts: int
    sent_at: str | None
    stored_at: str | None
    done_at: str | None
    proved: bool | None
    credit_wh: int | None


@dataclass(frozen=True)
class SaleView:
    """A sale for JSON: kWh as strings, times as ISO 8601 in UTC. kwh, units_kwh: null for a token
    of money, which carries credit, in major units, null for the others. warning: the meter's key
    expires soon; only in the answer to a sale. state: `sold`; in a list also `not_shown` (its
    token was shown to nobody, so that it can be voided) and `void`, both without digits."""

    client: str
    client_id: str
    drn: str
    kwh: str | None
    units_kwh: str | None
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
    credit: str | None = None
    state: str = SOLD


DAMAGED = "token_damaged"
"""The code of a sale whose token's record is damaged: it was made, and must not be made again."""


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
    row = VendRequest
    sold = or_(row.asked.is_(None), ~NO_SALE)
    query = (
        select(row)
        .where(row.tenant_id == view.tenant_id, sold)
        .order_by(row.created_at.desc(), row.client.desc(), row.client_id.desc())
        .options(
            subqueryload(row.tokens).joinedload(Token.delivery),
            joinedload(row.sale),
        )
        .limit(limit + 1)
    )
    if client is not None:
        query = query.where(row.client == client)
    older = None if after is None else _older(after)
    if search:
        by_index = _by_index(view, search, sold, client, older, limit + 1)
        if by_index is None:
            query = query.outerjoin(row.tokens).outerjoin(row.sale).where(_anywhere(search))
        else:
            query = query.where(by_index)
    if older is not None:
        query = query.where(older)
    found = page(view.session.scalars(query).all(), limit, _place)
    return Page([_request_view(one) for one in found.items], found.next)


def _by_index(
    view: View,
    search: str,
    sold: ColumnElement[bool],
    client: str | None,
    older: ColumnElement[bool] | None,
    most: int,
) -> ColumnElement[bool] | None:
    """Return the condition that indexes find of a text, None where they find nothing at all."""
    keys = sale_search.keys(view, search, sold, client, older, most)
    if not keys and (older is None or not sale_search.keys(view, search, sold, client, None, 1)):
        return None
    row = VendRequest
    either = [
        and_(row.tenant_id == view.tenant_id, row.client == one, row.client_id == client_id)
        for one, client_id in keys
    ]
    return or_(false(), *either)


def _anywhere(search: str) -> ColumnElement[bool]:
    digits = "".join(search.split())
    # Of a token that nobody was shown not even a part is confirmed.
    shown = and_(SaleRow.voided_at.is_(None), SaleRow.shown_at.is_not(None))
    return or_(
        contains(search, VendRequest.drn, VendRequest.client_id),
        contains(digits, VendRequest.drn),
        and_(contains(digits, Token.digits), or_(SaleRow.client.is_(None), shown)),
    )


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
            state = state_of_sale(row)
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
    receipt = None if sale.receipt is None else fields_of(sale.receipt)
    return SaleView(**_columns(sale), delivery=DeliveryView(**_delivery(sale)), receipt=receipt)


def as_json(sale: Sale) -> bytes:
    """Return the view of a sale as JSON. The receipt is there as JSON already."""
    found = {**_columns(sale), "delivery": _delivery(sale), "state": SOLD}
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    receipt = "null" if sale.receipt is None else sale.receipt.to_json()
    return f'{text[:-1]},"receipt":{receipt}}}'.encode()


def _columns(sale: Sale) -> dict[str, Any]:
    return {
        "client": sale.client,
        "client_id": sale.client_id,
        "drn": sale.drn,
        "kwh": None if sale.kwh is None else str(sale.kwh),
        "units_kwh": None if sale.units_kwh is None else str(sale.units_kwh),
        "token": sale.digits,
        "token_grouped": sale.grouped(),
        "tid": sale.tid,
        "bdt": sale.bdt,
        "ea": f"{sale.ea:02d}",
        "sgc": sale.sgc,
        "krn": sale.krn,
        "kt": sale.kt,
        "ti": sale.ti,
        "issued_at": iso(sale.issued_at) or "",
        "warning": sale.warning,
        "credit": None if sale.credit is None else f"{sale.credit:f}",
    }


def _delivery(sale: Sale) -> dict[str, Any]:
    delivery = sale.delivery
    return {
        "channel": "keyed" if delivery.ref is None else "collector",
        "state": delivery.state,
        "reason": delivery.reason,
        "ref": delivery.ref,
        "attempts": delivery.attempts,
        "sent_at": iso(delivery.sent_at),
        "stored_at": iso(delivery.stored_at),
        "done_at": iso(delivery.done_at),
        "proved": delivery.proved,
        "credit_wh": delivery.credit_wh,
    }
