"""Replacement of a customer's meter by another one."""

from sqlalchemy import func, select

from tjugo.station.registry.customers import link_meter
from tjugo.station.registry.links import current_link
from tjugo.station.registry.meters import checked_drn, known_meter, set_collector
from tjugo.station.registry.status import (
    INSTALLED,
    REMOVED,
    check_replaceable,
    in_place_of,
    put_in_place,
    retire,
)
from tjugo.station.storage.tables import Meter, MeterStatus, ServiceLink
from tjugo.station.work import View, Work


def replace_meter(work: Work, old_drn: str, new_drn: str, why: str) -> None:
    """Retire a meter and install another, registered one in its place: same customer, service
    point and collector. Raise TjugoError. The credit that was left in the old meter is not part of
    it: see `vending/carry_over.py`."""
    old, new = (known_meter(work, checked_drn(drn), lock=True) for drn in (old_drn, new_drn))
    check_replaceable(old, new)
    link, collector_id = current_link(old), old.collector_id
    place = None if link is None else (link.account_no, link.service_point or "", link.site or "")
    retire(work, old, why)
    put_in_place(work, new, old)
    if place is not None:
        link_meter(work, new.drn, *place)
    if collector_id is not None:
        set_collector(work, new.drn, collector_id, of_another=True)


def successor(view: View, meter: Meter) -> Meter | None:
    """Return the meter that was installed in place of a retired one, or in place of that one, and
    so on. None where there is none, where it serves another customer, or the meter is in use."""
    found, seen = meter, {meter.drn}
    while found.status == REMOVED:
        after = _installed_for(view, found)
        if after is None or after.drn in seen:
            return None
        seen.add(after.drn)
        found = after
    if found is meter or _account(found) != _account(meter):
        return None
    return found


def _account(meter: Meter) -> str | None:
    """Return the account that a meter serves, or of a retired one: that it served last."""
    link = current_link(meter)
    if link is None and meter.status == REMOVED:
        link = max(meter.links, key=lambda one: one.since, default=None)
    return None if link is None else link.account_no


def _installed_for(view: View, meter: Meter) -> Meter | None:
    """Return the meter that was installed in place of this one when it was retired last."""
    row = MeterStatus
    of = {"tenant_id": view.tenant_id, "status": INSTALLED, "reason": in_place_of(meter.drn)}
    newest = select(row).filter_by(**of).order_by(row.at.desc(), row.drn).limit(1)
    found = view.session.scalars(newest).first()
    retired = view.session.scalar(
        select(func.max(row.at)).where(
            row.tenant_id == view.tenant_id, row.drn == meter.drn, row.status == REMOVED
        )
    )
    drn = None
    if found is not None and retired is not None and found.at >= retired:
        drn = found.drn
    else:  # earlier versions recorded nothing of a meter that was installed already
        drn = _linked_for(view, meter)
    return None if drn is None else view.session.get(Meter, (view.tenant_id, drn))


def _linked_for(view: View, meter: Meter) -> str | None:
    """Return the meter that served the customer from the moment on when this one did no more."""
    last = max(meter.links, key=lambda one: one.since, default=None)
    if last is None or last.until is None:
        return None
    return view.session.scalar(
        select(ServiceLink.drn).where(
            ServiceLink.tenant_id == view.tenant_id,
            ServiceLink.account_no == last.account_no,
            ServiceLink.since == last.until,
            ServiceLink.drn != meter.drn,
        )
    )
