"""Vending: each request becomes at most one sale.

One transaction holds the request, its tokens, receipt, ledger entry and (if a collector serves the
meter) its delivery, or the request and the reason for its refusal. A token is disclosed only after
it is on the disk, and the same client id always gets the same answer.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal

from sqlalchemy.exc import IntegrityError

from tjugo.errors import TjugoError, Unavailable
from tjugo.station.station import Station
from tjugo.station.vending.batch import sell_many
from tjugo.station.vending.item import Outcome
from tjugo.station.vending.purchase import Purchase
from tjugo.station.vending.views import Refusal, Sale
from tjugo.station.work import Work

_ACTOR = "station"
_RACES = 5  # how often another writer may take the same key before this one gives up


def sell(station: Station, client: str, client_id: str, drn: str, kwh: Decimal) -> Sale:
    """Sell kwh for the exact amount in cash, in a separate unit of work, and return the sale.
    Raise TjugoError with the recorded reason when it is refused; otherwise as vend()."""
    return sold(station, Purchase(client[:40], client_id, drn, kwh=kwh, actor=client))


def sold(station: Station, purchase: Purchase) -> Sale:
    """Sell to a purchase in a separate unit of work, and return the sale. Raise TjugoError with
    the recorded reason when it is refused; otherwise as vend()."""
    (outcome,) = sell_together(station, lambda: [purchase])
    if isinstance(outcome, Refusal):
        raise outcome.error()
    if isinstance(outcome, TjugoError):
        raise outcome
    return outcome


def sell_together(station: Station, take: Callable[[], Sequence[Purchase]]) -> list[Outcome]:
    """Sell in one transaction, and return the outcomes after it is committed. take: returns the
    purchases, once the transaction has begun: what comes until then is sold in it too. Raise
    Unavailable when other writers took the same keys again and again."""
    purchases: Sequence[Purchase] | None = None
    for _ in range(_RACES):
        try:
            with station.work(_ACTOR) as work:
                if purchases is None:
                    purchases = take()
                outcomes = sell_many(work, purchases, end=True)
            return outcomes
        except IntegrityError:
            continue  # another writer had this request id or this TID
    raise Unavailable("Others sell for this meter at the same moment; try again.")


def vend(work: Work, purchase: Purchase) -> Sale | Refusal:
    """Sell to a purchase as a part of a unit of work, or return what was sold under its client id.

    A refusal is recorded like a sale and is final for this client id; commit it before it is
    reported. Raise TjugoError when the request cannot be recorded; Conflict when the id was used
    for a different request; Unavailable when disk, database or keys fail (retry with the same id).
    """
    (outcome,) = sell_many(work, [purchase])
    if isinstance(outcome, TjugoError):
        raise outcome
    return outcome
