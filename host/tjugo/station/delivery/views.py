"""Data about deliveries for pages and commands."""

from sqlalchemy import func, select

from tjugo.station.delivery.service import REPORTED
from tjugo.station.storage.tables import TokenDelivery
from tjugo.station.work import View


def without_result(view: View) -> dict[str, int]:
    """Return the number of deliveries without a meter's result, by state."""
    query = (
        select(TokenDelivery.state, func.count())
        .where(TokenDelivery.tenant_id == view.tenant_id, TokenDelivery.result.is_(None))
        .group_by(TokenDelivery.state)
    )
    return {row[0]: row[1] for row in view.session.execute(query)}


def doubted(view: View) -> int:
    """Return the number of open deliveries with an answer that may be forged."""
    row = TokenDelivery
    query = select(func.count()).where(
        row.tenant_id == view.tenant_id,
        row.state == REPORTED,
        row.result.is_(None),
        row.doubted_at.is_not(None),
    )
    return view.session.scalar(query) or 0
