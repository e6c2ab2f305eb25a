"""The pages, one file per domain. They work without script; script refreshes what changes."""

from fastapi import APIRouter
from fastapi.templating import Jinja2Templates

from tjugo.station.station import Station
from tjugo.station.vending.queue import SaleQueue
from tjugo.web.pages import customers, meters, sales


def router(station: Station, queue: SaleQueue, templates: Jinja2Templates) -> APIRouter:
    """Return the pages' routes."""
    routes = APIRouter(include_in_schema=False)
    sales.add_routes(routes, station, queue, templates)
    for domain in (meters, customers):
        domain.add_routes(routes, station, templates)
    return routes
