"""Collectors over /api/v1/collectors."""

from fastapi import APIRouter

from tjugo.station.readings import views
from tjugo.station.readings.views import CollectorView
from tjugo.station.station import Station
from tjugo.station.storage.paging import Page


def add_routes(api: APIRouter, station: Station) -> None:
    """Add the routes of collectors."""

    @api.get("/collectors")
    def get_collectors() -> Page[CollectorView]:
        """Return all collectors."""
        with station.view() as view:
            return Page(views.collectors(view), None)
