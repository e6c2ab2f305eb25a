"""What pages, commands and the API show of meters and customers."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from tjugo.errors import NotFound
from tjugo.station.readings.views import reading_view
from tjugo.station.registry.meters import checked_drn, known_meter
from tjugo.station.station import Station
from tjugo.station.storage.tables import Customer, Meter, ServiceLink


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
        "reading": None if meter.reading is None else reading_view(meter.reading),
    }


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
