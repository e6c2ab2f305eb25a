"""The page of meters and collectors."""

from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.templating import Jinja2Templates

from tjugo.errors import TjugoError
from tjugo.key_register import FIELDS
from tjugo.station.readings import alarms
from tjugo.station.readings import views as reading_views
from tjugo.station.registry import customers, meters, views
from tjugo.station.station import Station
from tjugo.web.current import actor
from tjugo.web.pages.forms import Context, Form, add_page, listed, searched


def add_routes(routes: APIRouter, station: Station, templates: Jinja2Templates) -> None:
    """Add /meters: meters in pages, and the form for a new one."""

    def query(request: Request, form: Form | None) -> tuple[Context, TjugoError | None]:
        search, after = searched(request)
        kept = {"alarm": "1"} if request.query_params.get("alarm") else {}
        with station.view() as view:
            found = views.meters(view, search, after, alarm=bool(kept))
            context = {
                **listed(request, found, **kept),
                "kept": kept,
                "alarms": alarms.counts(view),
                "customers": views.customers(view).items,
                "collectors": reading_views.collectors(view),
                "added": request.query_params.get("added"),
            }
        return context, None

    def action(form: Form) -> str:
        given = {name: form.get(name) or None for name in (*FIELDS, "counts", "collector_id")}
        with station.work(actor()) as work:
            drn = meters.add_meter(work, meters.new_meter(work, form.get("drn", ""), **given))
            if form.get("account_no"):
                customers.link_meter(work, drn, form["account_no"])
        return "/meters?" + urlencode({"added": drn, "search": drn})

    add_page(routes, templates, "/meters", query, action)
