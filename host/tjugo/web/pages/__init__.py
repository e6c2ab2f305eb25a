"""The pages, one file per domain. They work without script; script refreshes what changes."""

from fastapi import APIRouter
from fastapi.templating import Jinja2Templates

from tjugo.station.station import Station
from tjugo.web.pages import customers, keys, meters, sales


def router(station: Station, templates: Jinja2Templates) -> APIRouter:
    """Return the pages' routes."""
    routes = APIRouter(include_in_schema=False)
    for domain in (sales, meters, customers, keys):
        domain.add_routes(routes, station, templates)
    return routes
