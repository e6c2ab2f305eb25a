"""Sales over /api/v1/vends."""

from fastapi import APIRouter

from tjugo.station.station import Station
from tjugo.station.storage.paging import Page
from tjugo.station.vending import views
from tjugo.station.vending.vend import sell
from tjugo.station.vending.views import RefusalView, SaleView
from tjugo.web.api.fields import (
    CLIENT,
    DEFAULT_LIMIT,
    After,
    Drn,
    Kwh,
    Limit,
    RequestBody,
    Search,
)


class VendBody(RequestBody):
    """A sale: kwh in steps of 0.1, as a number or a text such as "7.5" or "7,5"."""

    drn: Drn
    kwh: Kwh


def add_routes(api: APIRouter, station: Station) -> None:
    """Add the routes of sales."""

    @api.put("/vends/{client_id}")
    def put_vend(client_id: str, body: VendBody) -> SaleView:
        """Sell once for each client_id, however often the request is repeated."""
        return views.sale_view(sell(station, CLIENT, client_id, body.drn, body.kwh))

    @api.get("/vends/{client_id}")
    def get_vend(client_id: str, client: str = CLIENT) -> SaleView:
        """Return a sale and the state of its delivery."""
        with station.view() as view:
            return views.sale_view(views.find_sale(view, client, client_id))

    @api.get("/vends")
    def get_vends(
        search: Search = "", after: After = None, limit: Limit = DEFAULT_LIMIT
    ) -> Page[SaleView | RefusalView]:
        """Return requests, newest first, refused ones included."""
        with station.view() as view:
            return views.sales(view, search, after, limit)
