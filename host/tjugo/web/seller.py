"""Who sells, and where: the person of the request, with the open till."""

from typing import Any

from tjugo.errors import reason
from tjugo.station.operators import permissions
from tjugo.station.tills.shifts import open_shift_of
from tjugo.station.vending.purchase import MAIN
from tjugo.station.vending.seller import Seller
from tjugo.station.work import View
from tjugo.web.current import actor, known


def terms() -> dict[str, Any]:
    """Return the fields of a Purchase that the person alone determines: actor, outlet, limits."""
    person = known().person
    if person is None:
        return {"actor": "station"}
    return {
        "actor": person.actor,
        "outlet": person.outlet or MAIN,
        "sale_limit": person.sale_limit,
        "day_limit": person.day_limit,
    }


def needs_shift() -> bool:
    """Return whether the person sells in an open shift: an operator does. A program, and the
    person at a station without log-in, sell without one."""
    person = known().person
    return person is not None and bool(person.operator)


def may_sell_now(view: View) -> bool:
    """Return whether the person needs no open shift, or has one."""
    return not needs_shift() or open_shift_of(view, actor()) is not None


def issuer(view: View) -> Seller:
    """Return who gives tokens that are not paid for: they need no open shift, and get its outlet
    where the person has one open."""
    shift = open_shift_of(view, actor()) if needs_shift() else None
    of_shift = {} if shift is None else {"outlet": shift.outlet, "shift_no": shift.shift_no}
    return Seller(**{**terms(), **of_shift})


def check_free() -> None:
    """Raise NotPermitted unless the person may issue free units alone."""
    person = known().person
    if person is not None:
        permissions.check(person, "sales.free")


def seller(view: View) -> dict[str, Any]:
    """Return the fields of a Purchase that depend on the person, with the open shift. Raise
    Conflict when an operator has none open."""
    person = known().person
    if person is None or not needs_shift():
        return terms()
    shift = open_shift_of(view, person.actor)
    if shift is None:
        raise reason("shift_needed", "Open your till first: page Till.")
    return {**terms(), "outlet": shift.outlet, "shift_no": shift.shift_no}
