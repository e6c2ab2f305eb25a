"""The page of sales."""

import uuid
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.templating import Jinja2Templates

from tjugo.errors import TjugoError
from tjugo.station.registry import views as registry_views
from tjugo.station.station import Station
from tjugo.station.vending import views
from tjugo.station.vending.vend import parse_kwh, sell
from tjugo.web.pages.forms import CLIENT, Context, Form, add_page, listed, searched

_ROWS = 20


def add_routes(routes: APIRouter, station: Station, templates: Jinja2Templates) -> None:
    """Add /sales: the sale named by ?id= is shown large. Each page has a new client id."""

    def query(request: Request, form: Form | None) -> tuple[Context, TjugoError | None]:
        sale, wrong = None, None
        client_id = request.query_params.get("id")
        with station.view() as view:
            if client_id and form is None:
                try:
                    sale = views.sale_view(views.find_sale(view, CLIENT, client_id))
                except TjugoError as missing:
                    wrong = missing
            search, after = searched(request)
            context = {
                **listed(request, views.sales(view, search, after, limit=_ROWS)),
                "sale": sale,
                "client_id": str(uuid.uuid4()),
                "meters": registry_views.meters(view).items,
            }
        return context, wrong

    def action(form: Form) -> str:
        kwh = parse_kwh(form.get("kwh", ""))
        # Without the id of its page a form that is sent twice would sell twice.
        sale = sell(station, CLIENT, form.get("client_id", ""), form.get("drn", ""), kwh)
        return f"/sales?id={quote(sale.client_id)}"

    add_page(routes, templates, "/sales", query, action)
