"""Amounts in the utility's currency, for sentences and records."""

from sqlalchemy import select

from tjugo import money
from tjugo.station.storage.tables import Sale
from tjugo.station.work import View


def plain(view: View, amount: int) -> str:
    """Return minor units as an amount of the utility's currency, such as 1234.50 EUR."""
    return money.plain(amount, view.tenant.currency)


def stays(view: View) -> bool:
    """Return whether something was sold, so that the utility's currency does not change."""
    query = select(Sale.client).where(Sale.tenant_id == view.tenant_id).limit(1)
    return view.session.scalars(query).first() is not None
