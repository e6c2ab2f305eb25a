"""Money of a body in minor units."""

from typing import Any

from tjugo import money
from tjugo.station.work import View


def minor(view: View, amount: Any) -> int | None:
    """Return an amount in minor units of the utility's currency; None when it is not given. Raise
    TjugoError."""
    if amount is None:
        return None
    return money.given(amount, view.tenant.currency)
