"""The pages, one file per domain. They work without script; script refreshes what changes."""

from fastapi import APIRouter
from fastapi.templating import Jinja2Templates

from tjugo.station.station import Station
from tjugo.station.vending.queue import SaleQueue
from tjugo.web.gate import Gate
from tjugo.web.pages import (
    account,
    approvals,
    audit,
    banking,
    clients,
    customers,
    engineering,
    exports,
    imports,
    key_changes,
    keys,
    log_in,
    meters,
    money_only,
    operators,
    receipts,
    refused,
    registry,
    sales,
    setup,
    shifts,
    tariffs,
    webhooks,
)


def router(
    station: Station, queue: SaleQueue, templates: Jinja2Templates, gate: Gate
) -> APIRouter:
    """Return the pages' routes."""
    routes = APIRouter(include_in_schema=False)
    sales.add_routes(routes, station, queue, templates)
    for people in (log_in, setup, account, operators, clients, approvals, audit):
        people.add_routes(routes, station, templates, gate)
    for domain in (shifts, banking, meters, customers, registry, imports, exports):
        domain.add_routes(routes, station, templates)
    for domain in (tariffs, keys, receipts):
        domain.add_routes(routes, station, templates)
    for engineers in (engineering, key_changes, refused):
        engineers.add_routes(routes, station, templates)
    webhooks.add_routes(routes, station, templates)
    money_only.add_routes(routes, station)
    return routes
