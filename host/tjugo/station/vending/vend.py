"""Vending: each request becomes at most one sale.

One transaction holds the request, its tokens, receipt, ledger entry and (if a collector serves the
meter) its delivery, or the request and the reason for its refusal. A token is disclosed only after
it is on the disk, and the same client id always gets the same answer.
"""

from decimal import Decimal

from tjugo.errors import TjugoError
from tjugo.station.station import Station
from tjugo.station.vending.batch import sell_many
from tjugo.station.vending.purchase import Purchase
from tjugo.station.vending.views import Refusal, Sale
from tjugo.station.work import Work


def sell(station: Station, client: str, client_id: str, drn: str, kwh: Decimal) -> Sale:
    """Sell kwh for the exact amount in cash, in a separate unit of work, and return the sale.
    Raise TjugoError with the recorded reason when it is refused; otherwise as vend()."""
    with station.work(client) as work:
        outcome = vend(work, Purchase(client[:40], client_id, drn, kwh=kwh, actor=client))
    if isinstance(outcome, Refusal):
        raise outcome.error()
    return outcome


def vend(work: Work, purchase: Purchase) -> Sale | Refusal:
    """Sell to a purchase, or return what was sold under its client id.

    A refusal is recorded like a sale and is final for this client id; commit it before it is
    reported. Raise TjugoError when the request cannot be recorded; Conflict when the id was used
    for a different request; Unavailable when disk, database or keys fail (retry with the same id).
    """
    (outcome,) = sell_many(work, [purchase])
    if isinstance(outcome, TjugoError):
        raise outcome
    return outcome
