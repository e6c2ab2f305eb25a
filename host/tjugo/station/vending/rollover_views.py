"""Data about the roll-over of the TID: which base dates end, and which
meters are still to be changed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select

from sts_portable import tid
from tjugo.errors import reason
from tjugo.key_register import FIELDS, written
from tjugo.station.storage.moments import iso
from tjugo.station.storage.paging import LIMIT, Page, bounded, checked, page
from tjugo.station.storage.tables import Customer, KeyChange, Meter, MeterKeyState, ServiceLink
from tjugo.station.vending import change_rows
from tjugo.station.work import View

_CODES = tuple(f"{code}" for code in FIELDS["bdt"].allowed)


@dataclass(frozen=True)
class BaseDate:
    """A base date of the TID: when it ends, how many meters use it, and for how many a key change
    from it is planned or issued. days: left until its end, negative after it; to_do: meters
    without a key change."""

    bdt: str
    ends_at: str
    days: int
    meters: int
    planned: int
    issued: int
    to_do: int


@dataclass(frozen=True)
class ToDo:
    """A meter of a base date that has no key change yet."""

    drn: str
    account_no: str | None
    customer: str | None
    sgc: str
    krn: int
    ti: str


def base_dates(view: View, now: datetime) -> list[BaseDate]:
    """Return the base dates that meters in use have, the one that ends first at the beginning."""
    row = KeyChange
    open_one = {
        name: func.sum(case((row.state == name, 1), else_=0)) for name in ("planned", "issued")
    }
    query = (
        select(MeterKeyState.bdt, func.count(Meter.drn.distinct()), *open_one.values())
        .join(
            Meter,
            (Meter.tenant_id == MeterKeyState.tenant_id) & (Meter.drn == MeterKeyState.drn),
        )
        .outerjoin(
            row,
            (row.tenant_id == Meter.tenant_id)
            & (row.drn == Meter.drn)
            & row.state.in_(tuple(open_one)),
        )
        .where(
            Meter.tenant_id == view.tenant_id,
            Meter.status != "removed",
            MeterKeyState.phase == "current",
        )
        .group_by(MeterKeyState.bdt)
    )
    found = []
    for bdt, meters, planned, issued in view.session.execute(query):
        end = datetime(*tid.civil(bdt, tid.MAX_TID), tzinfo=now.tzinfo)
        days = (end - now).days
        begun = int(planned or 0), int(issued or 0)
        found.append(
            BaseDate(bdt, iso(end) or "", days, int(meters), *begun, int(meters) - sum(begun))
        )
    return sorted(found, key=lambda one: one.days)


def _check_code(bdt: str) -> None:
    if bdt not in _CODES:
        known = ", ".join(_CODES)
        raise reason("base_date_unknown", f"There is no base date {bdt[:20]!r}: {known}.")


def to_do(view: View, bdt: str, after: str | None = None, limit: int = LIMIT) -> Page[ToDo]:
    """Return the meters of a base date for which no key change is planned or issued, by DRN. Raise
    TjugoError when there is no such base date, or `after` is not the `next` of an earlier page."""
    _check_code(bdt)
    limit = bounded(limit)
    state, link = MeterKeyState, ServiceLink
    busy = select(KeyChange.drn).where(
        KeyChange.tenant_id == view.tenant_id, KeyChange.state.in_(change_rows.OPEN)
    )
    query = (
        select(state.drn, state.sgc, state.krn, state.ti, Customer.account_no, Customer.name)
        .join(Meter, (Meter.tenant_id == state.tenant_id) & (Meter.drn == state.drn))
        .outerjoin(
            link,
            (link.tenant_id == state.tenant_id) & (link.drn == state.drn) & link.until.is_(None),
        )
        .outerjoin(
            Customer,
            (Customer.tenant_id == link.tenant_id) & (Customer.account_no == link.account_no),
        )
        .where(
            state.tenant_id == view.tenant_id,
            state.phase == "current",
            state.bdt == bdt,
            Meter.status != "removed",
            state.drn.not_in(busy),
        )
    )
    if after is not None:
        query = query.where(state.drn > checked(after, "[0-9]{11,13}"))
    rows = view.session.execute(query.order_by(state.drn).limit(limit + 1)).all()
    found = page(rows, limit, lambda row: row.drn)
    return Page(
        [
            ToDo(row.drn, row.account_no, row.name, written("sgc", row.sgc), row.krn, row.ti)
            for row in found.items
        ],
        found.next,
    )
