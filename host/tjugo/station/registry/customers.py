"""Customers, and which meter serves whom."""

import re

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tjugo.errors import Conflict, NotFound, TjugoError
from tjugo.station.registry.meters import checked_drn, known_meter
from tjugo.station.station import Station
from tjugo.station.storage.tables import Customer, ServiceLink

_LIMITS = {"name": 200, "phone": 40, "address": 400}


def add_customer(
    station: Station,
    name: str,
    phone: str | None = None,
    address: str | None = None,
    account_no: str | None = None,
) -> str:
    """Registers a customer; returns the account number, the next free one (C00001, ...) unless
    given. Raises TjugoError."""
    fields = _checked({"name": name, "phone": phone, "address": address})
    if account_no is not None and not re.fullmatch(r"[A-Za-z0-9-]{1,20}", account_no):
        raise TjugoError("An account number is up to 20 letters, digits and hyphens.")
    with station.write() as session:
        number = account_no or _next_account_no(station, session)
        if session.get(Customer, (station.tenant_id, number)) is not None:
            raise Conflict(f"Account {number} exists already.")
        session.add(
            Customer(
                tenant_id=station.tenant_id,
                account_no=number,
                created_at=station.clock(),
                **fields,
            )
        )
    return number


def update_customer(station: Station, account_no: str, **fields: str | None) -> None:
    """Changes name, phone or address. Raises TjugoError."""
    with station.write() as session:
        customer = _known(station, session, account_no)
        for field, value in _checked(fields).items():
            setattr(customer, field, value)


def delete_customer(station: Station, account_no: str) -> None:
    """Removes a customer who never had a meter; others stay, their sales name them."""
    with station.write() as session:
        customer = _known(station, session, account_no)
        links = select(func.count()).where(
            ServiceLink.tenant_id == station.tenant_id, ServiceLink.account_no == account_no
        )
        if session.scalar(links):
            raise Conflict(f"Account {account_no} has or had a meter and is kept.")
        session.delete(customer)


def link_meter(
    station: Station, drn: str, account_no: str, service_point: str | None = None
) -> None:
    """From now on the meter serves this customer. The link before it is ended, not overwritten."""
    checked = checked_drn(drn)
    now = station.clock()
    with station.write() as session:
        meter = known_meter(station, session, checked)
        _known(station, session, account_no)
        for link in meter.links:
            if link.until is None:
                if link.account_no == account_no:
                    return
                link.until = now
        session.flush()
        session.add(
            ServiceLink(
                tenant_id=station.tenant_id,
                drn=checked,
                since=now,
                account_no=account_no,
                service_point=service_point,
            )
        )


def _known(station: Station, session: Session, account_no: str) -> Customer:
    customer = session.get(Customer, (station.tenant_id, account_no))
    if customer is None:
        raise NotFound(f"There is no account {account_no}.")
    return customer


def _next_account_no(station: Station, session: Session) -> str:
    numbers = select(Customer.account_no).where(
        Customer.tenant_id == station.tenant_id, Customer.account_no.regexp_match("^C[0-9]+$")
    )
    used = [int(number[1:]) for number in session.scalars(numbers)]
    return f"C{max(used, default=0) + 1:05d}"


def _checked(fields: dict[str, str | None]) -> dict[str, str | None]:
    """Trimmed; empty becomes None. Raises TjugoError."""
    checked = {}
    for field, value in fields.items():
        if field not in _LIMITS:
            raise TjugoError(f"A customer has no {field!r}.")
        text = (value or "").strip() or None
        if field == "name" and text is None:
            raise TjugoError("A customer needs a name.")
        if text is not None and len(text) > _LIMITS[field]:
            raise TjugoError(f"The {field} is longer than {_LIMITS[field]} characters.")
        if text is not None and not text.isprintable():
            raise TjugoError(f"The {field} has characters in it that cannot be printed.")
        checked[field] = text
    return checked
