"""What pages, commands and the API show of sales."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from tjugo.errors import NotFound
from tjugo.station.station import Station
from tjugo.station.storage.moments import iso
from tjugo.station.storage.tables import VendRequest


@dataclass(frozen=True)
class Delivery:
    """state: issued, sent, at_collector, accepted or refused (and why). ref None: no collector
    serves the meter and the token is to be keyed in."""

    state: str
    reason: str | None = None
    ref: int | None = None
    attempts: int = 0
    sent_at: datetime | None = None
    stored_at: datetime | None = None
    done_at: datetime | None = None


@dataclass(frozen=True)
class Sale:
    """A token that was sold. kwh as asked; units_kwh is what the token carries: the same, or a
    little more where the amount field has a coarser step."""

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

    def grouped(self) -> str:
        """The 20 digits in five groups of four, as printed."""
        return " ".join(self.digits[i : i + 4] for i in range(0, 20, 4))


def sale_of(row: VendRequest) -> Sale:
    """The sale of a request whose token is issued; the row must be in a session."""
    token = row.token
    assert token is not None
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
    )


def find_sale(station: Station, client: str, client_id: str) -> Sale:
    """Raises NotFound when no token was issued under this id."""
    with station.read() as session:
        row = session.get(VendRequest, (station.tenant_id, client, client_id))
        if row is None:
            raise NotFound(f"There is no sale with the id {client_id}.")
        if row.state != "token_issued":
            raise NotFound(f"The request {client_id} has no token: {row.reason or row.state}.")
        return sale_of(row)


def recent_requests(station: Station, limit: int = 30) -> list[dict[str, Any]]:
    """The newest requests first, refused ones too: `{"sale": ...}` or `{"refused": ...}`."""
    query = (
        select(VendRequest)
        .where(VendRequest.tenant_id == station.tenant_id)
        .order_by(VendRequest.created_at.desc(), VendRequest.client_id)
        .limit(limit)
    )
    with station.read() as session:
        return [_request_view(row) for row in session.scalars(query)]


def _request_view(row: VendRequest) -> dict[str, Any]:
    if row.token is not None:
        return sale_json(sale_of(row))
    return {
        "client": row.client,
        "client_id": row.client_id,
        "drn": row.drn,
        "kwh": row.kwh,
        "issued_at": iso(row.created_at),
        "refused": row.reason or "not finished",
    }


def sale_json(sale: Sale) -> dict[str, Any]:
    """A sale as plain JSON; kWh as strings, times as ISO 8601 in UTC."""
    delivery = sale.delivery
    return {
        "client": sale.client,
        "client_id": sale.client_id,
        "drn": sale.drn,
        "kwh": str(sale.kwh),
        "units_kwh": str(sale.units_kwh),
        "token": sale.digits,
        "token_grouped": sale.grouped(),
        "tid": sale.tid,
        "bdt": sale.bdt,
        "ea": f"{sale.ea:02d}",
        "sgc": sale.sgc,
        "krn": sale.krn,
        "kt": sale.kt,
        "ti": sale.ti,
        "issued_at": iso(sale.issued_at),
        "delivery": {
            "channel": "keyed" if delivery.ref is None else "collector",
            "state": delivery.state,
            "reason": delivery.reason,
            "ref": delivery.ref,
            "attempts": delivery.attempts,
            "sent_at": iso(delivery.sent_at),
            "stored_at": iso(delivery.stored_at),
            "done_at": iso(delivery.done_at),
        },
    }
