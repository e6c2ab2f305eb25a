"""Who sells, and where: the person of the request, with the open till."""

from typing import Any

from tjugo.errors import reason
from tjugo.station.tills.shifts import open_shift_of
from tjugo.station.vending.purchase import MAIN
from tjugo.station.work import View
from tjugo.web.current import known


def seller(view: View) -> dict[str, Any]:
    """Return the fields of a Purchase that depend on the person: actor, outlet, shift, limits.

    An operator sells in an open shift; a program, and the person at a station without log-in,
    without one. Raise Conflict when the operator has none open.
    """
    person = known().person
    if person is None:
        return {"actor": "station"}
    found: dict[str, Any] = {
        "actor": person.actor,
        "outlet": person.outlet or MAIN,
        "sale_limit": person.sale_limit,
        "day_limit": person.day_limit,
    }
    if person.operator:
        shift = open_shift_of(view, person.operator)
        if shift is None:
            raise reason("shift_needed", "Open your till first: page Till.")
        found |= {"outlet": shift.outlet, "shift_no": shift.shift_no}
    return found
