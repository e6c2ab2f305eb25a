"""What pages, commands and the API show."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from meterbus import codes
from tjugo.errors import NotFound
from tjugo.station.meters import checked_drn, known_meter
from tjugo.station.models import Collector, Customer, Meter, MeterReading, ServiceLink, VendRequest
from tjugo.station.station import Station
from uplink import messages


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
        "issued_at": _iso(row.created_at),
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
        "issued_at": _iso(sale.issued_at),
        "delivery": {
            "channel": "keyed" if delivery.ref is None else "collector",
            "state": delivery.state,
            "reason": delivery.reason,
            "ref": delivery.ref,
            "attempts": delivery.attempts,
            "sent_at": _iso(delivery.sent_at),
            "stored_at": _iso(delivery.stored_at),
            "done_at": _iso(delivery.done_at),
        },
    }


def meters(station: Station) -> list[dict[str, Any]]:
    """All meters with key state, customer, collector and latest reading."""
    query = (
        select(Meter)
        .where(Meter.tenant_id == station.tenant_id)
        .order_by(Meter.drn)
        .options(
            selectinload(Meter.key_states),
            selectinload(Meter.links).selectinload(ServiceLink.customer),
            selectinload(Meter.reading),
        )
    )
    with station.read() as session:
        return [_meter_view(meter) for meter in session.scalars(query)]


def find_meter(station: Station, drn: str) -> dict[str, Any]:
    """One meter. Raises TjugoError."""
    checked = checked_drn(drn)
    with station.read() as session:
        return _meter_view(known_meter(station, session, checked))


def _meter_view(meter: Meter) -> dict[str, Any]:
    state = next(state for state in meter.key_states if state.phase == "current")
    link = next((link for link in meter.links if link.until is None), None)
    customer = None
    if link is not None:
        customer = {"account_no": link.account_no, "name": link.customer.name}
    return {
        "drn": meter.drn,
        "status": meter.status,
        "ea": f"{meter.ea:02d}",
        "tct": f"{meter.tct:02d}",
        **{
            name: getattr(state, name) for name in ("dkga", "bdt", "sgc", "krn", "kt", "ti", "ken")
        },
        "collector": meter.collector_id,
        "customer": customer,
        "reading": None if meter.reading is None else _reading_view(meter.reading),
    }


def _reading_view(reading: MeterReading) -> dict[str, Any]:
    """A reading by the uplink's table; open_reasons and status as names, None where unknown."""
    values = {column: getattr(reading, column) for column, _, _ in messages.columns("state")}
    if reading.open_reasons is not None:
        values["open_reasons"] = messages.names_of(codes.REASONS, reading.open_reasons)
    status = {row[1]: getattr(reading, row[1]) for row in codes.STATUS}
    known = any(value is not None for value in status.values())
    values["status"] = [name for name in status if status[name]] if known else None
    return {**values, "at": _iso(reading.at), "received_at": _iso(reading.received_at)}


def customers(station: Station) -> list[dict[str, Any]]:
    """All customers with the DRNs that serve them now."""
    query = (
        select(Customer)
        .where(Customer.tenant_id == station.tenant_id)
        .order_by(Customer.account_no)
    )
    open_links = select(ServiceLink).where(
        ServiceLink.tenant_id == station.tenant_id, ServiceLink.until.is_(None)
    )
    with station.read() as session:
        served: dict[str, list[str]] = {}
        for link in session.scalars(open_links):
            served.setdefault(link.account_no, []).append(link.drn)
        return [
            {
                "account_no": row.account_no,
                "name": row.name,
                "phone": row.phone,
                "address": row.address,
                "meters": served.get(row.account_no, []),
            }
            for row in session.scalars(query)
        ]


def find_customer(station: Station, account_no: str) -> dict[str, Any]:
    """One customer. Raises NotFound."""
    for row in customers(station):
        if row["account_no"] == account_no:
            return row
    raise NotFound(f"There is no account {account_no}.")


def collectors(station: Station) -> list[dict[str, Any]]:
    """All collectors; online None: never heard of."""
    query = select(Collector).where(Collector.tenant_id == station.tenant_id)
    with station.read() as session:
        return [
            {
                "collector": row.collector_id,
                "online": row.online,
                "at": _iso(row.status_at),
                "version": row.version,
                "crash": row.crash,
            }
            for row in session.scalars(query.order_by(Collector.collector_id))
        ]


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds").replace("+00:00", "Z")
