"""The commission of vendors: hundredths of a percent of a day's sales, posted day by day."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from tjugo.station import clock, days
from tjugo.station.audit import chain
from tjugo.station.currency import plain
from tjugo.station.ledger import balances
from tjugo.station.ledger.accounts import COMMISSION, CREDIT_NOTE, MEANS, SALE, VOID
from tjugo.station.ledger.post import Entry, post
from tjugo.station.storage.tables import Outlet, Vendor
from tjugo.station.work import View, Work

ACTION = "vendors.edit"
WHOLE = 10_000
_SALES = (SALE, VOID, CREDIT_NOTE)


@dataclass(frozen=True)
class DayCommission:
    """A day's sales of a vendor and the commission on them, minor units. rate: hundredths of a
    percent."""

    vendor: str
    day: date
    sales: int
    rate: int
    commission: int


def share(amount: int, rate: int) -> int:
    """Return hundredths of a percent of an amount, rounded half away from 0."""
    part = (abs(amount) * rate * 2 + WHOLE) // (2 * WHOLE)
    return part if amount >= 0 else -part


def due(view: View, row: Vendor, today: date) -> list[DayCommission]:
    """Return what a vendor's commission is for each day before today that is not posted and has
    sales."""
    last = today - timedelta(days=1)
    sold = sales_by_day(view, row.vendor, row.commission_from, last)
    return [
        DayCommission(row.vendor, day, amount, row.commission, share(amount, row.commission))
        for day, amount in sorted(sold.items())
    ]


def sales_by_day(view: View, vendor: str, first: date, last: date) -> dict[date, int]:
    """Return the money that a vendor received for sales, by day."""
    outlets = view.session.scalars(
        select(Outlet.outlet).where(Outlet.tenant_id == view.tenant_id, Outlet.vendor == vendor)
    )
    sold: dict[date, int] = defaultdict(int)
    if first <= last:
        for total in balances.day_totals(view, first, last, (*MEANS, "vendor"), list(outlets)):
            if total.kind in _SALES:
                sold[total.day] += total.amount
    return dict(sold)


def post_due(work: Work, vendor: str | None = None) -> list[DayCommission]:
    """Post the commission of all days before today, of a vendor or of all. Return what is posted;
    a second call on the same day posts nothing. Raise Unavailable while the clock is doubtful."""
    clock.check(work)
    today = days.day(work, work.now())
    posted = []
    for row in _locked(work, vendor):
        if row.commission_from >= today:
            continue
        found = [item for item in due(work, row, today) if item.commission]
        for item in found:
            _post(work, item)
        row.commission_from = today
        posted += found
    work.session.flush()
    return posted


def _locked(work: Work, vendor: str | None) -> Iterable[Vendor]:
    query = select(Vendor).where(Vendor.tenant_id == work.tenant_id).order_by(Vendor.vendor)
    if vendor is not None:
        query = query.where(Vendor.vendor == vendor)
    lock = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return list(work.session.scalars(lock))


def _post(work: Work, item: DayCommission) -> None:
    amount, vendor = item.commission, item.vendor
    text = f"{item.rate / 100:.2f} % of {plain(work, item.sales)}"
    postings = (("commission", vendor, amount), ("vendor", vendor, -amount))
    post(work, Entry(COMMISSION, f"{vendor}/{item.day}", postings, text=text))
    chain.record(work, ACTION, f"vendor {vendor}", f"{item.day}: {text} is {plain(work, amount)}")
