"""Customers, and which meter serves which customer."""

import re
from collections.abc import Mapping

from sqlalchemy import Integer, cast, func, select

from tjugo.errors import reason
from tjugo.station.registry import record, search
from tjugo.station.registry.links import checked_service_point, current_link, end_link
from tjugo.station.registry.meters import checked_drn, known_meter
from tjugo.station.registry.sites import known_site
from tjugo.station.registry.status import check_not_removed
from tjugo.station.storage.tables import Customer, Debt, Meter, Sale, ServiceLink
from tjugo.station.work import View, Work

# The fields of a customer, with the most characters and what a person calls them.
FIELDS = {
    "name": (200, "name"),
    "phone": (40, "phone"),
    "address": (400, "address"),
    "id_no": (40, "id number"),
    "email": (200, "e-mail address"),
    "category": (40, "category"),
    "language": (10, "language"),
    "notes": (1000, "notes"),
}
_LANGUAGE = r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}"
_EMAIL = r"[^@\s]+@[^@\s]+"
ACCOUNT = r"[A-Za-z0-9-]{1,20}"
# Numbers that the station assigns; longer ones were given by people and are not continued.
_MOST_DIGITS = 9


def add_customer(
    work: Work, name: str, account_no: str | None = None, **fields: str | None
) -> str:
    """Register a customer; return the account number, the next free one (C00001, ...) unless
    given. fields: of FIELDS. Raise TjugoError."""
    given = checked({"name": name, **fields})
    if account_no is not None:
        check_account_no(account_no)
    number = account_no or next_account_no(work)
    if work.session.get(Customer, (work.tenant_id, number)) is not None:
        raise reason("account_exists", f"Account {number} exists already.")
    work.session.add(
        Customer(
            tenant_id=work.tenant_id,
            account_no=number,
            created_at=work.now(),
            search="",
            **given,
        )
    )
    search.write(work, [number])
    record.changed(work, record.CUSTOMER, f"account {number}", f"registered {given['name']}")
    return number


def update_customer(work: Work, account_no: str, **fields: str | None) -> None:
    """Change fields of a customer. fields: of FIELDS; None or empty: removed. Raise TjugoError."""
    customer = _known(work, account_no)
    changed = []
    for field, value in checked(fields).items():
        if getattr(customer, field) != value:
            setattr(customer, field, value)
            changed.append(FIELDS[field][1])
    if changed:
        search.write(work, [account_no])
        record.changed(
            work, record.CUSTOMER, f"account {account_no}", f"changed {', '.join(changed)}"
        )


def delete_customer(work: Work, account_no: str) -> None:
    """Remove a customer of whom nothing else is recorded. Raise Conflict for others."""
    customer = _known(work, account_no)
    check_unused(work, account_no)
    search.remove(work, account_no)
    work.session.delete(customer)
    work.session.flush()
    record.changed(work, record.CUSTOMER, f"account {account_no}", f"removed {customer.name}")


_KEPT: tuple[tuple[type[ServiceLink | Debt | Sale], str], ...] = (
    (ServiceLink, "has or had a meter"),
    (Debt, "has or had a debt"),
    (Sale, "has receipts"),
)


def check_unused(view: View, account_no: str) -> None:
    """Raise Conflict when the customer has or had a meter or a debt, or paid."""
    for table, words in _KEPT:
        rows = select(table.tenant_id).where(
            table.tenant_id == view.tenant_id, table.account_no == account_no
        )
        if view.session.scalar(rows.limit(1)) is not None:
            raise reason("account_in_use", f"Account {account_no} {words} and is kept.")


def link_meter(
    work: Work,
    drn: str,
    account_no: str,
    service_point: str | None = None,
    site: str | None = None,
) -> None:
    """Link the meter to this customer from now on. The preceding link is ended, not overwritten.

    service_point: where the meter is, in words; site: its place in the network; of both, None:
    unchanged; empty: not recorded. Raise TjugoError, Conflict when the meter is removed.
    """
    meter = known_meter(work, checked_drn(drn), lock=True)
    _known(work, account_no)
    check_not_removed(meter)
    link = current_link(meter)
    if service_point is not None:
        place = checked_service_point(service_point)
    else:
        place = None if link is None else link.service_point
    if site is None:
        site = None if link is None else link.site
    else:
        site = known_site(work, site).site if site.strip() else None
    if link is not None and (link.account_no, link.service_point, link.site) == (
        *(account_no, place, site),
    ):
        return
    before = [] if link is None else [link.account_no]
    work.session.add(
        ServiceLink(
            tenant_id=work.tenant_id,
            drn=meter.drn,
            since=end_link(work, meter),
            account_no=account_no,
            service_point=place,
            site=site,
        )
    )
    work.session.flush()
    work.session.expire(meter, ["links"])
    search.write(work, [account_no, *before])
    where = "" if place is None else f" at {place}"
    record.changed(work, record.LINK, f"meter {meter.drn}", f"serves account {account_no}{where}")


def unlink_meter(work: Work, drn: str) -> str:
    """End the link between a meter and its customer; return the account number. Raise Conflict
    when the meter has no customer."""
    meter, link = _linked(work, drn)
    account_no = link.account_no
    end_link(work, meter)
    record.changed(
        work, record.LINK, f"meter {meter.drn}", f"no longer serves account {account_no}"
    )
    return account_no


def set_service_point(
    work: Work, drn: str, service_point: str | None = None, site: str | None = None
) -> None:
    """Set service point and site of a meter that has a customer; empty: not recorded; None:
    unchanged. Raise TjugoError."""
    meter, link = _linked(work, drn)
    link_meter(work, meter.drn, link.account_no, service_point, site)


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


def next_account_no(view: View) -> str:
    """Return the number after the greatest of the form C and up to _MOST_DIGITS digits. Raise
    TjugoError when there is none."""
    return numbered_account(last_account(view) + 1)


def last_account(view: View) -> int:
    """Return the greatest number that the station assigned as an account number, or 0."""
    digits = func.substr(Customer.account_no, 2)
    greatest = view.session.scalar(
        select(func.max(cast(digits, Integer))).where(
            Customer.tenant_id == view.tenant_id,
            Customer.account_no.regexp_match(f"^C[0-9]{{1,{_MOST_DIGITS}}}$"),
        )
    )
    return greatest or 0


def numbered_account(number: int) -> str:
    """Return the account number of a number that the station assigns. Raise TjugoError."""
    if number >= 10**_MOST_DIGITS:
        raise reason("account_invalid", "No account number is free; give one.")
    return f"C{number:05d}"


def check_account_no(account_no: str) -> None:
    """Raise TjugoError unless the text can be an account number."""
    if not re.fullmatch(ACCOUNT, account_no, re.A):
        raise reason(
            "account_invalid", "An account number is up to 20 letters, digits and hyphens."
        )


def checked(fields: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return the text trimmed; None when empty. Raise TjugoError."""
    found = {}
    for field, value in fields.items():
        if field not in FIELDS:
            raise reason("customer_invalid", f"A customer has no {field!r}.")
        most, called = FIELDS[field]
        text = (value or "").strip() or None
        if field == "name" and text is None:
            raise reason("customer_invalid", "A customer needs a name.")
        if text is not None:
            _check_text(field, called, most, text)
        found[field] = text
    return found


def _check_text(field: str, called: str, most: int, text: str) -> None:
    if len(text) > most:
        raise reason("customer_invalid", f"The {called} is longer than {most} characters.")
    if not text.isprintable():
        raise reason(
            "customer_invalid", f"The {called} has characters in it that cannot be printed."
        )
    if field == "language" and not re.fullmatch(_LANGUAGE, text, re.A):
        raise reason(
            "customer_invalid", f"A language is a code such as en, fr or pt-BR, not {text!r}."
        )
    if field == "email" and not re.fullmatch(_EMAIL, text):
        raise reason("customer_invalid", f"{text!r} is not an e-mail address.")
