"""Who sells on the command line: the user of the machine, in the shift that is open."""

from typing import Any

from tjugo.commands.output import actor
from tjugo.station.tills.shifts import open_shift_of
from tjugo.station.work import View


def seller(view: View) -> dict[str, Any]:
    """Return the fields of a Purchase or a Seller. Without an open shift the outlet is `main`."""
    shift = open_shift_of(view, actor())
    of_shift = {} if shift is None else {"outlet": shift.outlet, "shift_no": shift.shift_no}
    return {"actor": actor(), **of_shift}
