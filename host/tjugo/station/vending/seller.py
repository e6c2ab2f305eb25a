"""Who takes or returns money, or gives a token, and where."""

from dataclasses import dataclass, replace
from typing import Any

from tjugo.errors import reason
from tjugo.station.storage.tables import Outlet
from tjugo.station.tills import shifts
from tjugo.station.tills.vendors import known_outlet, known_vendor
from tjugo.station.vending.purchase import MAIN
from tjugo.station.work import Work


@dataclass(frozen=True)
class Seller:
    """Who acts, and where; the fields are those of a Purchase."""

    actor: str
    outlet: str = MAIN
    shift_no: int | None = None
    terminal: str | None = None
    sale_limit: int | None = None
    day_limit: int | None = None

    def stored(self) -> dict[str, Any]:
        """Return what a request that waits keeps; see `of_stored`."""
        names = ("actor", "outlet", "shift_no", "terminal")
        return {name: getattr(self, name) for name in names}


def of_stored(fields: dict[str, Any]) -> Seller:
    """Return the seller that a request keeps."""
    return Seller(**fields)


def without_closed_shift(work: Work, seller: Seller) -> Seller:
    """Return the seller of a token that is not paid for: what was asked for in a shift can be
    approved after it. An open shift is locked."""
    number = seller.shift_no
    if number is None or number in shifts.require_open(work, [number]):
        return seller
    return replace(seller, shift_no=None)


def open_outlet(work: Work, outlet: str) -> Outlet:
    """Return an outlet. Raise TjugoError unless it and its vendor are active."""
    row = known_outlet(work, outlet)
    if not (row.active and known_vendor(work, row.vendor).active):
        raise reason("outlet_closed", f"Outlet {outlet} is not active.")
    return row
