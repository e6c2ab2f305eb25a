"""What a batch reads, asked of a server in two round trips instead of twenty.

Nothing depends on it: a query that is missing here is asked where its answer is needed.
"""

from collections.abc import Collection

from tjugo.station import clock, settings
from tjugo.station.storage.statement import read_ahead
from tjugo.station.tariffs import effect, situations
from tjugo.station.vending import facts, keychange, limits, repeated, token_deliveries
from tjugo.station.vending.item import Item
from tjugo.station.work import Work


def first(work: Work, items: list[Item], drns: Collection[str]) -> None:
    """Lock the meters, and read what does not depend on the answers."""
    if items:
        read_ahead(
            work.session,
            [
                *facts.queries(work, drns),
                repeated.query(work, items),
                work.tenant_query(),
                settings.query(work),
                clock.query(work),
                limits.query(work, {item.purchase.outlet for item in items}),
            ],
        )


def prices(work: Work, items: list[Item]) -> None:
    """Read what the prices depend on. The items' meters are known, and locked."""
    at, drns = work.now(), [item.meter.config.drn for item in items if item.meter]
    if not drns:
        return
    read_ahead(
        work.session,
        [
            *effect.queries(work, drns, at),
            *situations.queries(work, drns, at),
            keychange.query(work, drns),
            *token_deliveries.queries(work, items),
        ],
    )
