"""Amounts in the utility's currency, for sentences and records."""

from tjugo import money
from tjugo.station.work import View


def plain(view: View, amount: int) -> str:
    """Return minor units as an amount of the utility's currency, such as 1234.50 EUR."""
    return money.plain(amount, view.tenant.currency)
