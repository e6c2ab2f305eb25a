"""Replacement of a customer's meter by another one."""

from tjugo.station.registry.customers import link_meter
from tjugo.station.registry.links import current_link
from tjugo.station.registry.meters import checked_drn, known_meter, set_collector
from tjugo.station.registry.status import INSTALLED, change, check_replaceable, retire
from tjugo.station.work import Work


def replace_meter(work: Work, old_drn: str, new_drn: str, why: str) -> None:
    """Retire a meter and install another, registered one in its place: same customer, service
    point and collector. Raise TjugoError. Credit in the old meter is not carried over."""
    old, new = (known_meter(work, checked_drn(drn), lock=True) for drn in (old_drn, new_drn))
    check_replaceable(old, new)
    link, collector_id = current_link(old), old.collector_id
    place = None if link is None else (link.account_no, link.service_point or "", link.site or "")
    retire(work, old, why)
    change(work, new, INSTALLED, f"in place of {old.drn}")
    if place is not None:
        link_meter(work, new.drn, *place)
    if collector_id is not None:
        set_collector(work, new.drn, collector_id, of_another=True)
