"""The JSON interface, /api/v1, one file per domain. Errors are {"error": sentence, "code":
reason}.

Lists are returned in pages: {"items": [...], "next": the value of `after` for the next page}.
"""

from fastapi import APIRouter

from tjugo.station.station import Station
from tjugo.station.vending.queue import SaleQueue
from tjugo.web.api import (
    collectors,
    customers,
    debts,
    engineering,
    exchange,
    key_changes,
    keys,
    lookup,
    meters,
    money_only,
    orders,
    receipts,
    refused,
    tariffs,
    tills,
    vends,
    webhooks,
)
from tjugo.web.errors import ANSWERS


def router(station: Station, queue: SaleQueue) -> APIRouter:
    """Return the routes of one station, whose sales are made by the queue."""
    api = APIRouter(prefix="/api/v1", responses=ANSWERS)
    vends.add_routes(api, station, queue)
    domains = (
        meters,
        customers,
        collectors,
        lookup,
        exchange,
        tariffs,
        debts,
        keys,
        receipts,
        money_only,
        tills,
        engineering,
        orders,
        key_changes,
        refused,
        webhooks,
    )
    for domain in domains:
        domain.add_routes(api, station)
    return api
