"""What pages, commands and programs read of vendors and outlets. All amounts are minor units, from
the ledger."""

from dataclasses import dataclass
from datetime import date

from tjugo.station.ledger import balances, credit
from tjugo.station.storage.copied import copied
from tjugo.station.tills import vendors
from tjugo.station.work import View


@dataclass(frozen=True)
class VendorView:
    """A vendor. owed: what it owes now, with the money in its open tills; in_tills: that money,
    which its statement has after the cash-up; both None of the utility itself. available: how much
    more it may sell, None without a limit. commission: hundredths of a percent."""

    vendor: str
    name: str
    active: bool
    credit_limit: int | None
    commission: int
    owed: int | None
    in_tills: int | None
    available: int | None
    outlets: tuple[str, ...]


def vendor_list(view: View) -> list[VendorView]:
    """Return all vendors by name."""
    rows = vendors.vendors(view)
    names = [row.vendor for row in rows]
    owed = credit.owed_by(view, names)
    stated = balances.balances(view, ["vendor"], names)
    by_vendor: dict[str, list[str]] = {}
    for outlet in vendors.outlets(view):
        by_vendor.setdefault(outlet.vendor, []).append(outlet.outlet)
    return [
        copied(
            VendorView,
            row,
            owed=None if row.vendor == vendors.MAIN else owed[row.vendor],
            in_tills=None if row.vendor == vendors.MAIN else owed[row.vendor] - stated[row.vendor],
            available=None if row.credit_limit is None else row.credit_limit - owed[row.vendor],
            outlets=tuple(by_vendor.get(row.vendor, ())),
        )
        for row in rows
    ]


@dataclass(frozen=True)
class OutletView:
    """An outlet of a vendor."""

    outlet: str
    vendor: str
    name: str
    address: str | None
    active: bool


def outlet_list(view: View) -> list[OutletView]:
    """Return all outlets by code."""
    return [copied(OutletView, row) for row in vendors.outlets(view)]


def vendor_statement(view: View, vendor: str, first: date, last: date) -> balances.Statement:
    """Return the statement of what a vendor owes. Raise TjugoError."""
    vendors.known_vendor(view, vendor)
    return balances.statement(view, "vendor", vendor, first, last)
