"""The pages: sales, meters, customers. They work without script; script keeps the status fresh."""

import uuid
from collections.abc import Callable, Coroutine
from urllib.parse import parse_qs, quote

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.templating import Jinja2Templates
from starlette.responses import RedirectResponse, Response

from tjugo.errors import TjugoError
from tjugo.station.readings import views as reading_views
from tjugo.station.registry import customers, meters
from tjugo.station.registry import views as registry_views
from tjugo.station.station import Station
from tjugo.station.vending import views as sale_views
from tjugo.station.vending.vend import parse_kwh, sell
from tjugo.web.errors import http_status

CLIENT = "web"
_FORM_LIMIT = 10_000


class Pages:
    """What the pages of one station have in common."""

    def __init__(self, station: Station, templates: Jinja2Templates) -> None:
        self.station = station
        self.templates = templates

    def show(
        self,
        request: Request,
        name: str,
        context: dict[str, object],
        form: dict[str, str] | None,
        error: TjugoError | None,
    ) -> Response:
        """A page from its template; with what was typed and what is wrong with it."""
        sentence = error.message if error else None
        context = {**context, "form": form or {}, "error": sentence}
        status = http_status(error) if error else 200
        return self.templates.TemplateResponse(request, name, context, status_code=status)

    def sales(
        self,
        request: Request,
        form: dict[str, str] | None = None,
        error: TjugoError | None = None,
    ) -> Response:
        """The sales page; the sale named by ?id= is shown large. Each page has a new client id."""
        sale = None
        client_id = request.query_params.get("id")
        if client_id and form is None:
            try:
                with self.station.view() as view:
                    sale = sale_views.sale_view(sale_views.find_sale(view, CLIENT, client_id))
            except TjugoError as missing:
                error = missing
        with self.station.view() as view:
            context: dict[str, object] = {
                "sale": sale,
                "client_id": str(uuid.uuid4()),
                "meters": registry_views.meters(view).items,
                "requests": sale_views.sales(view, limit=20).items,
            }
        return self.show(request, "sales.html", context, form, error)

    def meters(
        self,
        request: Request,
        form: dict[str, str] | None = None,
        error: TjugoError | None = None,
    ) -> Response:
        """All meters, and the form for a new one."""
        with self.station.view() as view:
            context: dict[str, object] = {
                "meters": registry_views.meters(view).items,
                "customers": registry_views.customers(view).items,
                "collectors": reading_views.collectors(view),
            }
        return self.show(request, "meters.html", context, form, error)

    def customers(
        self,
        request: Request,
        form: dict[str, str] | None = None,
        error: TjugoError | None = None,
    ) -> Response:
        """All customers, and the form for a new one."""
        with self.station.view() as view:
            context: dict[str, object] = {"customers": registry_views.customers(view).items}
        return self.show(request, "customers.html", context, form, error)


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a posted form, trimmed. Raises TjugoError when it is too large."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _FORM_LIMIT:
            raise TjugoError("The form is too large.")
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[-1].strip() for name, values in fields.items()}


def router(station: Station, templates: Jinja2Templates) -> APIRouter:
    """The pages' routes."""
    pages = Pages(station, templates)
    routes = APIRouter(include_in_schema=False)
    for path, page, action in (
        ("/sales", pages.sales, _sell),
        ("/meters", pages.meters, _add_meter),
        ("/customers", pages.customers, _add_customer),
    ):
        routes.add_api_route(path, _getter(page), methods=["GET"])
        routes.add_api_route(path, _poster(station, page, action), methods=["POST"])
    return routes


def _getter(page: Callable[..., Response]) -> Callable[[Request], Response]:
    def get(request: Request) -> Response:
        return page(request)

    return get


def _poster(
    station: Station,
    page: Callable[..., Response],
    action: Callable[[Station, dict[str, str]], str],
) -> Callable[..., Coroutine[None, None, Response]]:
    """A form's handler: does the action and goes on to the page it names, so that a reload sends
    nothing again; or shows the page once more with what is wrong."""

    async def post(request: Request) -> Response:
        form: dict[str, str] = {}
        try:
            form = await form_of(request)
            target = await run_in_threadpool(action, station, form)
        except TjugoError as error:
            return await run_in_threadpool(page, request, form, error)
        return RedirectResponse(target, 303)

    return post


def _sell(station: Station, form: dict[str, str]) -> str:
    kwh = parse_kwh(form.get("kwh", ""))
    client_id = form.get("client_id") or str(uuid.uuid4())
    sale = sell(station, CLIENT, client_id, form.get("drn", ""), kwh)
    return f"/sales?id={quote(sale.client_id)}"


def _add_meter(station: Station, form: dict[str, str]) -> str:
    new = meters.NewMeter(
        drn=form.get("drn", ""),
        ea=11 if form.get("ea") == "11" else 7,
        collector_id=form.get("collector_id") or None,
    )
    with station.work(CLIENT) as work:
        drn = meters.add_meter(work, new)
        if form.get("account_no"):
            customers.link_meter(work, drn, form["account_no"])
    return "/meters"


def _add_customer(station: Station, form: dict[str, str]) -> str:
    fields = {name: form.get(name, "") for name in ("name", "phone", "address")}
    with station.work(CLIENT) as work:
        customers.add_customer(work, **fields)
    return "/customers"
