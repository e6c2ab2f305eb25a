"""Customers, and which meter serves which customer."""

import re

from sqlalchemy import Integer, cast, func, select

from tjugo.errors import reason
from tjugo.station.registry.links import checked_service_point, current_link, end_link
from tjugo.station.registry.meters import checked_drn, known_meter
from tjugo.station.registry.status import check_not_removed
from tjugo.station.storage.tables import Customer, Meter, ServiceLink
from tjugo.station.work import View, Work

_LIMITS = {"name": 200, "phone": 40, "address": 400}
ACCOUNT = r"[A-Za-z0-9-]{1,20}"
# Numbers that the station assigns; longer ones were given by people and are not continued.
_MOST_DIGITS = 9


def add_customer(
    work: Work,
    name: str,
    phone: str | None = None,
    address: str | None = None,
    account_no: str | None = None,
) -> str:
    """Register a customer; return the account number, the next free one (C00001, ...) unless
    given. Raise TjugoError."""
    fields = _checked({"name": name, "phone": phone, "address": address})
    if account_no is not None and not re.fullmatch(ACCOUNT, account_no, re.A):
        raise reason(
            "account_invalid", "An account number is up to 20 letters, digits and hyphens."
        )
    number = account_no or _next_account_no(work)
    if work.session.get(Customer, (work.tenant_id, number)) is not None:
        raise reason("account_exists", f"Account {number} exists already.")
    work.session.add(
        Customer(tenant_id=work.tenant_id, account_no=number, created_at=work.now(), **fields)
    )
    work.session.flush()
    return number


def update_customer(work: Work, account_no: str, **fields: str | None) -> None:
    """Change name, phone or address. Raise TjugoError."""
    customer = _known(work, account_no)
    for field, value in _checked(fields).items():
        setattr(customer, field, value)


def delete_customer(work: Work, account_no: str) -> None:
    """Remove a customer who never had a meter. Raise Conflict for others, because sales refer to
    them."""
    customer = _known(work, account_no)
    check_never_served(work, account_no)
    work.session.delete(customer)
    work.session.flush()


def check_never_served(view: View, account_no: str) -> None:
    """Raise Conflict when the customer has or had a meter."""
    links = select(func.count()).where(
        ServiceLink.tenant_id == view.tenant_id, ServiceLink.account_no == account_no
    )
    if view.session.scalar(links):
        raise reason("account_in_use", f"Account {account_no} has or had a meter and is kept.")


def link_meter(work: Work, drn: str, account_no: str, service_point: str | None = None) -> None:
    """Link the meter to this customer from now on. The preceding link is ended, not overwritten.

    service_point: where the meter is; None: unchanged; empty: not recorded. Raise TjugoError,
    Conflict when the meter is removed.
    """
    meter = known_meter(work, checked_drn(drn), lock=True)
    _known(work, account_no)
    check_not_removed(meter)
    link = current_link(meter)
    if service_point is not None:
        place = checked_service_point(service_point)
    else:
        place = None if link is None else link.service_point
    if link is not None and (link.account_no, link.service_point) == (account_no, place):
        return
    work.session.add(
        ServiceLink(
            tenant_id=work.tenant_id,
            drn=meter.drn,
            since=end_link(work, meter),
            account_no=account_no,
            service_point=place,
        )
    )
    work.session.flush()
    work.session.expire(meter, ["links"])


def unlink_meter(work: Work, drn: str) -> str:
    """End the link between a meter and its customer; return the account number. Raise Conflict
    when the meter has no customer."""
    meter, link = _linked(work, drn)
    account_no = link.account_no
    end_link(work, meter)
    return account_no


def set_service_point(work: Work, drn: str, service_point: str) -> None:
    """Set the service point of a meter that has a customer; empty: not recorded. Raise
    TjugoError."""
    meter, link = _linked(work, drn)
    link_meter(work, meter.drn, link.account_no, service_point)


def _linked(work: Work, drn: str) -> tuple[Meter, ServiceLink]:
    meter = known_meter(work, checked_drn(drn), lock=True)
    link = current_link(meter)
    if link is None:
        raise reason("meter_not_linked", f"Meter {meter.drn} serves no customer.")
    return meter, link


def _known(view: View, account_no: str) -> Customer:
    customer = view.session.get(Customer, (view.tenant_id, account_no))
    if customer is None:
        raise reason("account_unknown", f"There is no account {account_no}.")
    return customer


def _next_account_no(view: View) -> str:
    """Return the number after the greatest of the form C and up to _MOST_DIGITS digits."""
    digits = func.substr(Customer.account_no, 2)
    greatest = view.session.scalar(
        select(func.max(cast(digits, Integer))).where(
            Customer.tenant_id == view.tenant_id,
            Customer.account_no.regexp_match(f"^C[0-9]{{1,{_MOST_DIGITS}}}$"),
        )
    )
    number = (greatest or 0) + 1
    if number >= 10**_MOST_DIGITS:
        raise reason("account_invalid", "No account number is free; give one.")
    return f"C{number:05d}"


def _checked(fields: dict[str, str | None]) -> dict[str, str | None]:
    """Return the text trimmed; None when empty. Raise TjugoError."""
    checked = {}
    for field, value in fields.items():
        if field not in _LIMITS:
            raise reason("customer_invalid", f"A customer has no {field!r}.")
        text = (value or "").strip() or None
        if field == "name" and text is None:
            raise reason("customer_invalid", "A customer needs a name.")
        if text is not None and len(text) > _LIMITS[field]:
            raise reason(
                "customer_invalid", f"The {field} is longer than {_LIMITS[field]} characters."
            )
        if text is not None and not text.isprintable():
            raise reason(
                "customer_invalid", f"The {field} has characters in it that cannot be printed."
            )
        checked[field] = text
    return checked
