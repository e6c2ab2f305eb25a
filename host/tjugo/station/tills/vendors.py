"""Vendors and their outlets."""

import re

from sqlalchemy import select

from tjugo.errors import reason
from tjugo.station import days
from tjugo.station.audit import chain
from tjugo.station.currency import plain
from tjugo.station.ledger.post import MOST
from tjugo.station.storage.tables import Outlet, Tenant, Vendor
from tjugo.station.tills import commission as commissions
from tjugo.station.work import View, Work

MAIN = "main"
"""The utility's own vendor, and its first outlet."""

MOST_COMMISSION = 5000
"""50 %, in hundredths of a percent: a rate typed in the wrong unit is refused."""

VENDOR_ACTION, OUTLET_ACTION = "vendors.edit", "outlets.edit"
_CODE = r"[a-z0-9][a-z0-9-]{0,19}"


def ensure_default(work: Work) -> None:
    """Make the utility's own vendor and outlet, both `main`, unless they exist."""
    session, tenant = work.session, work.tenant_id
    name = session.get_one(Tenant, tenant).name[:100]
    if session.get(Vendor, (tenant, MAIN)) is None:
        today = days.day(work, work.now())
        row = Vendor(tenant_id=tenant, vendor=MAIN, name=name, commission=0, active=True)
        row.commission_from = today
        session.add(row)
        session.flush()
    if session.get(Outlet, (tenant, MAIN)) is None:
        session.add(Outlet(tenant_id=tenant, outlet=MAIN, vendor=MAIN, name=name, active=True))
        session.flush()


def add_vendor(
    work: Work, vendor: str, name: str, credit_limit: int | None = None, commission: int = 0
) -> None:
    """Register a vendor. credit_limit: minor units that it may owe, None for no limit; commission:
    hundredths of a percent of its sales. Raise TjugoError."""
    _check_code(vendor, "vendor")
    if work.session.get(Vendor, (work.tenant_id, vendor)) is not None:
        raise reason("vendor_exists", f"Vendor {vendor} exists already.")
    row = Vendor(
        tenant_id=work.tenant_id,
        vendor=vendor,
        name=_text(name, "name", 100),
        credit_limit=_checked_limit(credit_limit),
        commission=checked_commission(commission),
        commission_from=days.day(work, work.now()),
        active=True,
    )
    work.session.add(row)
    work.session.flush()
    chain.record(work, VENDOR_ACTION, f"vendor {vendor}", _terms(work, row))


def edit_vendor(work: Work, vendor: str, **fields: object) -> None:
    """Change name, credit_limit, commission or active. Raise TjugoError.

    A new commission counts from today on: that of the days before is posted first, at the old
    rate.
    """
    row = known_vendor(work, vendor)
    if "commission" in fields:
        rate = checked_commission(fields["commission"])
        if rate != row.commission:
            commissions.post_due(work, vendor)
            row.commission = rate
    if "credit_limit" in fields:
        row.credit_limit = _checked_limit(fields["credit_limit"])
    if "name" in fields:
        row.name = _text(fields["name"], "name", 100)
    if "active" in fields:
        row.active = bool(fields["active"])
    work.session.flush()
    chain.record(work, VENDOR_ACTION, f"vendor {vendor}", _terms(work, row))


def add_outlet(
    work: Work, outlet: str, vendor: str, name: str, address: str | None = None
) -> None:
    """Register an outlet of a vendor. Raise TjugoError."""
    _check_code(outlet, "outlet")
    known_vendor(work, vendor)
    if work.session.get(Outlet, (work.tenant_id, outlet)) is not None:
        raise reason("outlet_exists", f"Outlet {outlet} exists already.")
    row = Outlet(
        tenant_id=work.tenant_id,
        outlet=outlet,
        vendor=vendor,
        name=_text(name, "name", 100),
        address=_text(address, "address", 400) if address else None,
        active=True,
    )
    work.session.add(row)
    work.session.flush()
    chain.record(work, OUTLET_ACTION, f"outlet {outlet}", f"of vendor {vendor}, {row.name}")


def edit_outlet(work: Work, outlet: str, **fields: object) -> None:
    """Change name, address or active. Raise TjugoError."""
    row = known_outlet(work, outlet)
    if "name" in fields:
        row.name = _text(fields["name"], "name", 100)
    if "address" in fields:
        address = fields["address"]
        row.address = _text(address, "address", 400) if address else None
    if "active" in fields:
        row.active = bool(fields["active"])
    work.session.flush()
    state = "active" if row.active else "not active"
    chain.record(work, OUTLET_ACTION, f"outlet {outlet}", f"{row.name}, {state}")


def known_vendor(view: View, vendor: str) -> Vendor:
    """Return a vendor. Raise NotFound."""
    row = view.session.get(Vendor, (view.tenant_id, vendor))
    if row is None:
        raise reason("vendor_unknown", f"Vendor {vendor[:40]!r} is not registered here.")
    return row


def known_outlet(view: View, outlet: str) -> Outlet:
    """Return an outlet. Raise NotFound."""
    row = view.session.get(Outlet, (view.tenant_id, outlet))
    if row is None:
        raise reason("outlet_unknown", f"Outlet {outlet[:40]!r} is not registered here.")
    return row


def vendors(view: View) -> list[Vendor]:
    """Return all vendors by name."""
    query = select(Vendor).where(Vendor.tenant_id == view.tenant_id)
    return list(view.session.scalars(query.order_by(Vendor.name, Vendor.vendor)))


def outlets(view: View, vendor: str | None = None) -> list[Outlet]:
    """Return the outlets by code, of all vendors or one."""
    query = select(Outlet).where(Outlet.tenant_id == view.tenant_id)
    if vendor is not None:
        query = query.where(Outlet.vendor == vendor)
    return list(view.session.scalars(query.order_by(Outlet.outlet)))


def checked_commission(rate: object) -> int:
    """Return a commission, hundredths of a percent. Raise TjugoError above MOST_COMMISSION."""
    if not isinstance(rate, int) or isinstance(rate, bool) or not 0 <= rate <= MOST_COMMISSION:
        raise reason(
            "commission_invalid",
            f"A commission is from 0 to {MOST_COMMISSION // 100} percent of the sales.",
        )
    return rate


def _checked_limit(limit: object) -> int | None:
    if limit is None:
        return None
    if not isinstance(limit, int) or isinstance(limit, bool) or not 0 <= limit <= MOST:
        raise reason("credit_limit_invalid", "A credit limit is 0 or more, or none.")
    return limit


def _check_code(code: str, what: str) -> None:
    if not re.fullmatch(_CODE, code, re.A):
        raise reason(
            f"{what}_invalid",
            f"The code of {'an' if what == 'outlet' else 'a'} {what} has up to 20 lower-case "
            "letters, digits and hyphens.",
        )


def _text(value: object, field: str, most: int) -> str:
    text = str(value).strip()
    if not 0 < len(text) <= most or not text.isprintable():
        raise reason(
            "till_text_invalid", f"The {field} has 1 to {most} characters that can be printed."
        )
    return text


def _terms(work: Work, row: Vendor) -> str:
    limit = "no limit" if row.credit_limit is None else f"limit {plain(work, row.credit_limit)}"
    state = "active" if row.active else "not active"
    return f"{row.name}, {limit}, commission {row.commission / 100:.2f} %, {state}"
