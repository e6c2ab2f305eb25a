"""The page of customers."""

from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.templating import Jinja2Templates

from tjugo.errors import TjugoError
from tjugo.station.registry import customers, views
from tjugo.station.station import Station
from tjugo.web.current import actor
from tjugo.web.pages.forms import Context, Form, add_page, listed, searched

_FIELDS = ("name", "phone", "address")


def add_routes(routes: APIRouter, station: Station, templates: Jinja2Templates) -> None:
    """Add /customers: customers in pages, and the form for a new one."""

    def query(request: Request, form: Form | None) -> tuple[Context, TjugoError | None]:
        search, after = searched(request)
        with station.view() as view:
            context = listed(request, views.customers(view, search, after))
        return {**context, "added": request.query_params.get("added")}, None

    def action(form: Form) -> str:
        fields = {name: form.get(name, "") for name in _FIELDS}
        with station.work(actor()) as work:
            account_no = customers.add_customer(work, **fields)
        return "/customers?" + urlencode({"added": account_no, "search": account_no})

    add_page(routes, templates, "/customers", query, action)
