"""The pages of one customer, one meter, and the sites of the network."""

import uuid
from collections.abc import Callable
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.templating import Jinja2Templates
from starlette.responses import RedirectResponse, Response

from tjugo import money
from tjugo.counted import COUNTS
from tjugo.errors import TjugoError
from tjugo.station.ledger.balances import balance
from tjugo.station.orders import kinds as order_kinds
from tjugo.station.orders import service as orders
from tjugo.station.orders import views as order_views
from tjugo.station.registry import customers, history, meters, replace, sites, views
from tjugo.station.registry.meters import known_meter
from tjugo.station.station import Station
from tjugo.station.storage.tables import METER_STATUSES, SITE_KINDS
from tjugo.station.tariffs.debts import debts
from tjugo.station.vending import asked, carry_over, payment_views, receipt_views
from tjugo.station.vending.purchase import MEANS
from tjugo.station.work import Work
from tjugo.web.current import actor, may
from tjugo.web.pages.forms import (
    CLIENT,
    Context,
    Form,
    add_page,
    answer,
    form_of,
    listed,
    searched,
)
from tjugo.web.pages.sales import NAMES
from tjugo.web.seller import issuer

_ORDERS = 10
_Show = Callable[[Request, str, TjugoError | None], Response]
_Act = Callable[[Work, str, Form], str]
"""Carries out a form on a customer or meter; returns the address to continue at."""


def add_routes(routes: APIRouter, station: Station, templates: Jinja2Templates) -> None:
    """Add /customers/ACCOUNT, /meters/DRN and /sites."""

    def customer(request: Request, key: str, error: TjugoError | None = None) -> Response:
        with station.view() as view:
            row = views.find_customer(view, key)
            served = [views.find_meter(view, drn) for drn in row.meters]
            owed = [one for one in debts(view, row.account_no).items if one.balance > 0]
            held = -balance(view, "customer_credit", row.account_no)
            paid = payment_views.newest(view, row.account_no)
            receipts = receipt_views.of_customer(view, row.account_no)
        context = {
            "row": row,
            "served": served,
            "fields": customers.FIELDS,
            "owed": owed,
            "held": held,
            "paid": paid,
            "receipts": receipts,
            "client_id": str(uuid.uuid4()),
            "means": [(code, NAMES[code]) for code in MEANS],
            "money_text": lambda amount, of=station.currency: money.text(amount, of),
        }
        return answer(templates, request, "customer.html", error, **context)

    def meter(request: Request, key: str, error: TjugoError | None = None) -> Response:
        with station.view() as view:
            row, past = views.find_meter(view, key), history.meter_history(view, key)
            after = replace.successor(view, known_meter(view, row.drn))
            receipts = receipt_views.of_meter(view, row.drn)
            ordered = order_views.orders(view, row.drn, _ORDERS) if may("orders.see") else []
        context = {
            "row": row,
            "past": past,
            "ordered": ordered,
            "order_kinds": [(kind, order_kinds.KINDS[kind][1]) for kind in order_kinds.PLAIN],
            "order_id": str(uuid.uuid4()),
            "statuses": [status for status in METER_STATUSES if status != "removed"],
            "counts": COUNTS,
            "after": after.drn if after else None,
            "currency": station.currency,
            "receipts": receipts,
            "money_text": money.text,
        }
        return answer(templates, request, "meter.html", error, **context)

    async def post(request: Request, key: str, show: _Show, act: _Act) -> Response:
        form = await form_of(request)

        def run() -> Response:
            try:
                with station.work(actor()) as work:
                    target = act(work, key, form)
            except TjugoError as error:
                return show(request, key, error)
            return RedirectResponse(target, 303)

        return await run_in_threadpool(run)

    @routes.get("/customers/{account_no}")
    def get_customer(request: Request, account_no: str) -> Response:
        return customer(request, account_no)

    @routes.post("/customers/{account_no}")
    async def post_customer(request: Request, account_no: str) -> Response:
        return await post(request, account_no, customer, _edit_customer)

    @routes.get("/meters/{drn}")
    def get_meter(request: Request, drn: str) -> Response:
        return meter(request, drn)

    @routes.post("/meters/{drn}")
    async def post_meter(request: Request, drn: str) -> Response:
        return await post(request, drn, meter, _edit_meter)

    @routes.post("/meters/{drn}/link")
    async def post_link(request: Request, drn: str) -> Response:
        return await post(request, drn, meter, _link)

    @routes.post("/meters/{drn}/orders")
    async def post_order(request: Request, drn: str) -> Response:
        return await post(request, drn, meter, _order)

    @routes.post("/meters/{drn}/carry-over")
    async def post_carry_over(request: Request, drn: str) -> Response:
        return await post(request, drn, meter, _carry_over)

    _add_sites(routes, station, templates)


def _edit_customer(work: Work, account_no: str, form: Form) -> str:
    if form.get("action") == "remove":
        customers.delete_customer(work, account_no)
        return "/customers"
    given = {name: form[name] for name in customers.FIELDS if name in form}
    customers.update_customer(work, account_no, **given)
    return f"/customers/{account_no}"


def _edit_meter(work: Work, drn: str, form: Form) -> str:
    """Set status, collector or what the meter counts, retire or replace it, as the form's action
    names."""
    action, why = form.get("action"), form.get("reason", "")
    if action == "collector":
        meters.set_collector(work, drn, form.get("collector_id") or None)
    elif action == "counts":
        meters.set_counts(work, drn, form.get("counts", ""))
    elif action == "retire":
        meters.retire_meter(work, drn, why)
    elif action == "replace":
        replace.replace_meter(work, drn, form.get("new_drn", ""), why or "replaced")
        return f"/meters/{meters.checked_drn(form.get('new_drn', ''))}"
    else:
        meters.set_status(work, drn, form.get("status", ""), why or None)
    return f"/meters/{drn}"


def _link(work: Work, drn: str, form: Form) -> str:
    account_no = form.get("account_no", "")
    place, site = form.get("service_point", ""), form.get("site", "")
    if account_no:
        customers.link_meter(work, drn, account_no, place, site)
    else:
        customers.unlink_meter(work, drn)
    return f"/meters/{drn}"


def _order(work: Work, drn: str, form: Form) -> str:
    """Ask for an order of a kind without values, or cancel one that was not sent."""
    client_id = form.get("client_id", "")
    if form.get("action") == "cancel":
        orders.cancel(work, form.get("client", CLIENT), client_id)
    else:
        orders.ask(work, CLIENT, client_id, drn, form.get("kind", ""), {})
    return f"/meters/{drn}#orders-title"


def _carry_over(work: Work, drn: str, form: Form) -> str:
    of = (form.get("credit", ""), form.get("reason", ""), issuer(work))
    outcome = asked.answer(carry_over.carry_over(work, drn, *of))
    return "/engineering?" + urlencode({"id": outcome.client_id, "client": outcome.client})


def _add_sites(routes: APIRouter, station: Station, templates: Jinja2Templates) -> None:
    def query(request: Request, form: Form | None) -> tuple[Context, TjugoError | None]:
        search, after = searched(request)
        parent = request.query_params.get("parent")
        above = None if search else parent or ""
        with station.view() as view:
            page = sites.sites(view, search, above, after)
            place = sites.site_view(view, sites.known_site(view, parent)) if parent else None
        context = {**listed(request, page), "place": place, "kinds": SITE_KINDS}
        return {**context, "added": request.query_params.get("added")}, None

    def action(form: Form) -> str:
        site, parent = form.get("site", ""), form.get("parent", "")
        with station.work(actor()) as work:
            if form.get("action") == "remove":
                sites.remove_site(work, site)
                return "/sites?" + urlencode({"parent": parent})
            if form.get("action") == "edit":
                sites.update_site(work, site, form.get("name", ""), parent)
                return "/sites?" + urlencode({"parent": site})
            sites.add_site(work, site, form.get("kind", ""), form.get("name"), parent or None)
        return "/sites?" + urlencode({"parent": parent, "added": site})

    add_page(routes, templates, "/sites", query, action)
