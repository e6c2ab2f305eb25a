"""Orders to meters over /api/v1/orders."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from tjugo.station.orders import kinds, service, views
from tjugo.station.orders.views import OrderView
from tjugo.station.registry.meters import checked_drn, known_meter
from tjugo.station.station import Station
from tjugo.web.api.fields import CLIENT, DEFAULT_LIMIT, Drn, Limit, RequestBody, Text, Whole
from tjugo.web.current import actor, namespace

_Client = Annotated[
    str | None, Query(max_length=40, description="Whose order it is; one's own if not given.")
]


class OrderBody(RequestBody):
    """An order: kind is open, close, restore, settings or prices. settings: whole numbers by name,
    malignant.mode also off, alarm or trip; prices: as texts in the currency unit; hours: until it
    expires."""

    drn: Drn
    kind: Annotated[str, Field(max_length=40)]
    settings: Annotated[dict[Text, int | Text], Field(max_length=60)] | None = None
    prices: Annotated[dict[Text, Text], Field(max_length=10)] | None = None
    hours: Whole = service.HOURS


def add_routes(api: APIRouter, station: Station) -> None:
    """Add the routes of orders."""

    @api.put("/orders/{client_id}")
    def put_order(client_id: str, body: OrderBody) -> OrderView:
        """Order a meter once for each client_id; the same request again returns the order."""
        values = {**(body.settings or {}), **kinds.typed("prices", body.prices or {})}
        with station.work(actor()) as work:
            of = (namespace(CLIENT), client_id, body.drn, body.kind, values, body.hours)
            return views.order_view(service.ask(work, *of))

    @api.get("/orders/{client_id}")
    def get_order(client_id: str, client: _Client = None) -> OrderView:
        """Return an order with its state."""
        with station.view() as view:
            return views.order_view(service.found(view, client or namespace(CLIENT), client_id))

    @api.get("/orders")
    def get_orders(drn: Drn | None = None, limit: Limit = DEFAULT_LIMIT) -> list[OrderView]:
        """Return the newest orders, of one meter or of all."""
        with station.view() as view:
            number = None if drn is None else known_meter(view, checked_drn(drn)).drn
            return views.orders(view, number, limit)

    @api.post("/orders/{client_id}:cancel")
    def cancel_order(client_id: str, client: _Client = None) -> OrderView:
        """Cancel an order that was not sent yet."""
        with station.work(actor()) as work:
            whose = client or namespace(CLIENT)
            return views.order_view(service.cancel(work, whose, client_id))
