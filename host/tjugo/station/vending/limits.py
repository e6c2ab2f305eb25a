"""What outlets, shifts and the credit of vendors permit, checked last: their rows are locked from
here to the commit."""

from sqlalchemy import select

from tjugo.errors import TjugoError, reason
from tjugo.station.ledger import credit
from tjugo.station.storage.tables import Outlet, Shift, Vendor
from tjugo.station.tills import shifts
from tjugo.station.vending.item import Item
from tjugo.station.vending.postings import tenders
from tjugo.station.work import Work


def check(work: Work, items: list[Item]) -> None:
    """Give the priced items their vendor, or the reason why they are refused."""
    if not items:
        return
    vendors = _vendors(work, {item.purchase.outlet for item in items})
    numbers = {item.purchase.shift_no for item in items} - {None}
    is_open = shifts.require_open(work, [n for n in numbers if n is not None]) if numbers else {}
    for item in items:
        item.refusal = _refusal(item, vendors, is_open)
        item.vendor = vendors.get(item.purchase.outlet) or ""
    kept = [item for item in items if item.refusal is None]
    wanted = [(item.vendor, _received(item)) for item in kept]
    for item, permitted in zip(kept, credit.check_limits(work, wanted), strict=True):
        if not permitted:
            item.refusal = reason(
                "vendor_credit", "The vendor's credit limit is reached: pay a deposit first."
            )


def _vendors(work: Work, outlets: set[str]) -> dict[str, str | None]:
    """Return the vendor of each outlet that exists, None where one of them is not active."""
    joined = (Vendor.tenant_id == Outlet.tenant_id) & (Vendor.vendor == Outlet.vendor)
    query = (
        select(Outlet.outlet, Outlet.vendor, Outlet.active, Vendor.active.label("trades"))
        .join(Vendor, joined)
        .where(Outlet.tenant_id == work.tenant_id, Outlet.outlet.in_(sorted(outlets)))
    )
    return {
        row.outlet: row.vendor if row.active and row.trades else None
        for row in work.session.execute(query)
    }


def _refusal(
    item: Item, vendors: dict[str, str | None], is_open: dict[int, Shift]
) -> TjugoError | None:
    outlet, number = item.purchase.outlet, item.purchase.shift_no
    if outlet not in vendors:
        return reason("outlet_unknown", f"Outlet {outlet[:40]!r} is not registered here.")
    if vendors[outlet] is None:
        return reason("outlet_closed", f"Outlet {outlet} is not active.")
    if number is None:
        return None
    if number not in is_open:
        return reason("shift_closed", shifts.closed_sentence(number))
    if is_open[number].outlet != outlet:
        return reason("shift_closed", f"Shift {number} is at another outlet.")
    return None


def _received(item: Item) -> int:
    """Return the money that the vendor receives for a sale: not a customer's credit."""
    assert item.quote is not None
    paid = tenders(item.purchase, item.quote)
    credited = sum(tender.amount for tender in paid if tender.means == "account")
    return item.quote.tendered - credited
