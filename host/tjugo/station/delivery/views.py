"""What pages and commands show of deliveries."""

from sqlalchemy import func, select

from tjugo.station.storage.tables import TokenDelivery
from tjugo.station.work import View


def without_result(view: View) -> dict[str, int]:
    """Return how many deliveries of each state no meter has answered for."""
    query = (
        select(TokenDelivery.state, func.count())
        .where(TokenDelivery.tenant_id == view.tenant_id, TokenDelivery.result.is_(None))
        .group_by(TokenDelivery.state)
    )
    return {row[0]: row[1] for row in view.session.execute(query)}
