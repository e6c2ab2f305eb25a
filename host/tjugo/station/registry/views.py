"""Data about meters and customers for pages, commands and the API."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import subqueryload

from tjugo.errors import reason
from tjugo.station.readings import alarms
from tjugo.station.readings.views import reading_view
from tjugo.station.registry import matching
from tjugo.station.registry.customers import ACCOUNT, FIELDS
from tjugo.station.registry.links import current_link
from tjugo.station.registry.meters import checked_drn, known_meter
from tjugo.station.storage.paging import LIMIT, Page, bounded, checked, page
from tjugo.station.storage.tables import Customer, Meter, ServiceLink
from tjugo.station.work import View

_DRN = "[0-9]{11}|[0-9]{13}"


@dataclass(frozen=True)
class CustomerName:
    """The customer whom a meter serves."""

    account_no: str
    name: str


@dataclass(frozen=True)
class MeterView:
    """A meter with its key register, customer, collector and latest reading. counts: what it
    counts, energy or money."""

    drn: str
    status: str
    ea: str
    tct: str
    dkga: str
    bdt: str
    sgc: str
    krn: int
    kt: int
    ti: str
    ken: int
    collector: str | None
    customer: CustomerName | None
    service_point: str | None
    site: str | None
    counts: str
    reading: dict[str, Any] | None


@dataclass(frozen=True)
class CustomerView:
    """A customer with the DRNs of the meters that serve them now."""

    account_no: str
    name: str
    phone: str | None
    address: str | None
    meters: list[str]
    id_no: str | None
    email: str | None
    category: str | None
    language: str | None
    notes: str | None


def meters(
    view: View,
    search: str = "",
    after: str | None = None,
    limit: int = LIMIT,
    alarm: bool = False,
) -> Page[MeterView]:
    """Return meters by DRN.

    search: see matching.py; after: the last DRN of the preceding page; alarm: only meters with an
    alarm in their latest reading. Raise TjugoError when `after` is no DRN.
    """
    limit = bounded(limit)
    query = (
        select(Meter)
        .where(Meter.tenant_id == view.tenant_id)
        .order_by(Meter.drn)
        .limit(limit + 1)
        .options(
            subqueryload(Meter.key_states),
            subqueryload(Meter.links).subqueryload(ServiceLink.customer),
            subqueryload(Meter.reading),
        )
    )
    last = "" if after is None else checked(after, _DRN)
    among = alarms.drns(view) if alarm else None
    if among is not None:
        query = query.where(Meter.drn.in_(among))
    if search:
        query = query.where(Meter.drn.in_(matching.meters(view, search, last, limit + 1, among)))
    elif last:
        query = query.where(Meter.drn > last)
    found = page(view.session.scalars(query).all(), limit, lambda meter: str(meter.drn))
    return Page([_meter_view(meter) for meter in found.items], found.next)


def find_meter(view: View, drn: str) -> MeterView:
    """Return one meter. Raise TjugoError."""
    return _meter_view(known_meter(view, checked_drn(drn)))


def _meter_view(meter: Meter) -> MeterView:
    state = next(state for state in meter.key_states if state.phase == "current")
    link = current_link(meter)
    key = ("dkga", "bdt", "sgc", "krn", "kt", "ti", "ken")
    return MeterView(
        drn=meter.drn,
        status=meter.status,
        ea=f"{meter.ea:02d}",
        tct=f"{meter.tct:02d}",
        **{name: getattr(state, name) for name in key},
        collector=meter.collector_id,
        customer=None if link is None else CustomerName(link.account_no, link.customer.name),
        service_point=None if link is None else link.service_point,
        site=None if link is None else link.site,
        counts=meter.counts,
        reading=None if meter.reading is None else reading_view(meter.reading),
    )


def customers(
    view: View, search: str = "", after: str | None = None, limit: int = LIMIT
) -> Page[CustomerView]:
    """Return customers by account number.

    search: see matching.py; after: the last account number of the preceding page. Raise TjugoError
    when `after` is no account number.
    """
    limit = bounded(limit)
    query = (
        select(Customer)
        .where(Customer.tenant_id == view.tenant_id)
        .order_by(Customer.account_no)
        .limit(limit + 1)
    )
    last = "" if after is None else checked(after, ACCOUNT)
    if search:
        accounts = matching.customers(view, search, last, limit + 1)
        query = query.where(Customer.account_no.in_(accounts))
    elif last:
        query = query.where(Customer.account_no > last)
    found = page(view.session.scalars(query).all(), limit, lambda row: str(row.account_no))
    return Page(_customer_views(view, found.items), found.next)


def find_customer(view: View, account_no: str) -> CustomerView:
    """Return one customer. Raise NotFound."""
    row = view.session.get(Customer, (view.tenant_id, account_no))
    if row is None:
        raise reason("account_unknown", f"There is no account {account_no}.")
    return _customer_views(view, [row])[0]


def _customer_views(view: View, rows: Iterable[Customer]) -> list[CustomerView]:
    rows = list(rows)
    links = select(ServiceLink).where(
        ServiceLink.tenant_id == view.tenant_id,
        ServiceLink.account_no.in_([row.account_no for row in rows]),
        ServiceLink.until.is_(None),
    )
    served: dict[str, list[str]] = {}
    for link in view.session.scalars(links.order_by(ServiceLink.drn)):
        served.setdefault(link.account_no, []).append(link.drn)
    return [
        CustomerView(
            account_no=row.account_no,
            meters=served.get(row.account_no, []),
            **{field: getattr(row, field) for field in FIELDS},
        )
        for row in rows
    ]
