"""The page of key changes: base dates, campaigns, and what is to do."""

import uuid
from collections.abc import Callable, Mapping
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.templating import Jinja2Templates
from starlette.responses import RedirectResponse, Response

from tjugo.errors import TjugoError
from tjugo.key_register import FIELDS
from tjugo.station.station import Station
from tjugo.station.storage.tables import KEY_CHANGE_STATES
from tjugo.station.vending import (
    asked,
    campaigns,
    change_steps,
    change_views,
    key_delivery,
    keychange,
    rollover_views,
)
from tjugo.station.vending.targets import CHANGEABLE
from tjugo.station.work import View
from tjugo.web.current import actor
from tjugo.web.pages.forms import CLIENT, Context, Form, add_page, form_of, listed, searched
from tjugo.web.seller import issuer

PAGE = "/key-changes"
_WHERE = ("sgc", "krn", "bdt")
_TYPED = ("drns", "campaign", "old_bdt")
"""What a link to the page can put into its form."""


def add_routes(routes: APIRouter, station: Station, templates: Jinja2Templates) -> None:
    """Add /key-changes, and the steps of one key change."""

    def query(request: Request, form: Form | None) -> tuple[Context, TjugoError | None]:
        asked_for = request.query_params
        state = asked_for.get("state") if asked_for.get("state") in KEY_CHANGE_STATES else None
        campaign = asked_for.get("campaign") or None
        search, after = searched(request)
        with station.view() as view:
            found = change_views.changes(view, state, campaign, search, after)
            context: Context = {
                **listed(request, found),
                "campaigns": change_views.campaigns(view),
                "base_dates": rollover_views.base_dates(view, station.clock()),
                **_to_do(view, asked_for),
            }
        kept = {name: asked_for[name] for name in ("state", "campaign") if asked_for.get(name)}
        for name in ("following", "first"):
            if context[name]:
                context[name] = f"{context[name]}&{urlencode(kept)}" if kept else context[name]
        return context | {
            "states": KEY_CHANGE_STATES,
            "state": state,
            "campaign": campaign,
            "fields": [(name, FIELDS[name].title) for name in CHANGEABLE],
            "where": [(name, FIELDS[name].title) for name in _WHERE],
            "waiting": asked_for.get("waiting"),
            "meters": asked_for.get("meters"),
            "typed": {name: asked_for[name] for name in _TYPED if asked_for.get(name)},
            "error": None,
        }, None

    def action(form: Form) -> str:
        changes = {name: form.get(f"new_{name}") or None for name in CHANGEABLE}
        where = {name: form[f"old_{name}"] for name in _WHERE if form.get(f"old_{name}")}
        drns = form.get("drns", "").replace(",", " ").split()
        name = form.get("campaign") or None
        with station.work(actor()) as work:
            approval, count = campaigns.ask(work, changes, drns, where, name)
        return f"{PAGE}?{urlencode({'waiting': approval, 'meters': count})}"

    add_page(routes, templates, PAGE, query, action)
    _add_steps(routes, station)


def _to_do(view: View, asked_for: Mapping[str, str]) -> Context:
    """Return the meters of a base date that are to be changed, where they are asked for."""
    bdt = asked_for.get("to_do")
    if not bdt:
        return {"to_do": None}
    found = rollover_views.to_do(view, bdt, asked_for.get("to_do_after"))
    more = None
    if found.next is not None:
        more = "?" + urlencode({"to_do": bdt, "to_do_after": found.next})
    return {"to_do": {"bdt": bdt, "rows": found.items, "more": more}}


def _add_steps(routes: APIRouter, station: Station) -> None:
    def confirm(drn: str, form: Form) -> str:
        with station.work(actor()) as work:
            change_steps.confirm(work, drn, form.get("why", ""))
        return f"{PAGE}?search={quote(drn)}"

    def cancel(drn: str, form: Form) -> str:
        with station.work(actor()) as work:
            approval = campaigns.ask_cancel(work, drn, form.get("why", ""))
        more = {} if approval is None else {"waiting": approval, "meters": 1}
        return f"{PAGE}?{urlencode({'search': drn, **more})}"

    def issue(drn: str, form: Form) -> str:
        client_id = form.get("client_id") or str(uuid.uuid4())
        with station.work(actor()) as work:
            outcome = keychange.issue_alone(work, CLIENT, client_id, drn, issuer(work))
        asked.answer(outcome)
        return f"/engineering?id={quote(client_id)}"

    def send(drn: str, form: Form) -> str:
        with station.work(actor()) as work:
            key_delivery.send_again(work, drn)
        return f"{PAGE}?search={quote(drn)}"

    steps = {"confirm": confirm, "cancel": cancel, "issue": issue, "send": send}
    for name, step in steps.items():
        _add_step(routes, f"{PAGE}/{{drn}}/{name}", step)


def _add_step(routes: APIRouter, path: str, step: Callable[[str, Form], str]) -> None:
    async def post(request: Request, drn: str) -> Response:
        target = await run_in_threadpool(step, drn, await form_of(request))
        return RedirectResponse(target, 303)

    routes.add_api_route(path, post, methods=["POST"])
