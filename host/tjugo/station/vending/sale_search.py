"""The search box of the list of sales: the newest requests that a text means, by indexes.

A meter by the beginning of its number, or a request by the beginning of its id. Parts of them, and
of a token's digits, are found by reading all: sale_views.py does it where nothing is found here.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from tjugo.station.registry import find
from tjugo.station.storage.tables import Meter, Token, VendRequest
from tjugo.station.work import View

_METERS = 100
_REQUESTS = 2000
_CLIENTS = 100
_LAST = "\U0010ffff"  # no text comes after it

Key = tuple[str, str]


def keys(
    view: View,
    text: str,
    sales: ColumnElement[bool],
    client: str | None,
    older: ColumnElement[bool] | None,
    most: int,
) -> list[Key]:
    """Return client and client id of the newest requests that a text means, up to `most`. sales:
    the condition that a request is of a sale; client: only its own, None all; older: the condition
    of a later page."""
    row = VendRequest
    place = (row.created_at, row.client, row.client_id)
    found: set[Any] = set()
    for query in _sources(view, "".join(text.split()), text.strip(), client):
        places = query.with_only_columns(*place).where(sales)
        if client is not None:
            places = places.where(row.client == client)
        if older is not None:
            places = places.where(older)
        ordered = places.order_by(*(column.desc() for column in place)).limit(most)
        found |= {tuple(one) for one in view.session.execute(ordered)}
    newest = sorted(found, reverse=True)[:most]
    return [(of, client_id) for _, of, client_id in newest]


def _sources(view: View, digits: str, text: str, client: str | None) -> Iterator[Select[Any]]:
    row = VendRequest
    if digits.isdecimal() and digits.isascii():
        drns = _meters(view, digits)
        with_token = (
            (Token.tenant_id == row.tenant_id)
            & (Token.client == row.client)
            & (Token.client_id == row.client_id)
        )
        if drns:
            yield (
                select(row)
                .join(Token, with_token)
                .where(Token.tenant_id == view.tenant_id, Token.drn.in_(drns))
            )
        yield select(row).where(
            row.tenant_id == view.tenant_id,
            row.state == "failed",
            row.drn.in_([*drns, digits]),
        )
    if text and "\0" not in text:
        for one in [client] if client is not None else _clients(view):
            some = (
                select(row.client_id)
                .where(row.tenant_id == view.tenant_id, row.client == one)
                .where(row.client_id >= text, row.client_id < text + _LAST)
                .limit(_REQUESTS)
                .subquery()
            )
            yield (
                select(row)
                .join(some, some.c.client_id == row.client_id)
                .where(row.tenant_id == view.tenant_id, row.client == one)
            )


def _meters(view: View, digits: str) -> Sequence[str]:
    found: list[str] = []
    for range_ in find.drn_ranges(Meter.drn, digits):
        query = select(Meter.drn).where(Meter.tenant_id == view.tenant_id, range_)
        found += view.session.scalars(query.order_by(Meter.drn).limit(_METERS))
    return found


def _clients(view: View) -> Iterator[str]:
    """Yield the clients that have sent requests, each by a step in the primary key."""
    last = ""
    for _ in range(_CLIENTS):
        query = select(func.min(VendRequest.client)).where(
            VendRequest.tenant_id == view.tenant_id, VendRequest.client > last
        )
        found = view.session.scalar(query)
        if found is None:
            return
        yield found
        last = found
