"""The page of tariffs: versions and their approval, proposals, assignment, and a preview."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.templating import Jinja2Templates
from starlette.responses import RedirectResponse, Response

from tjugo import money
from tjugo.errors import TjugoError
from tjugo.station.operators.approvals import same_person
from tjugo.station.station import Station
from tjugo.station.tariffs import assignment, facts, stored, typed, versions, views
from tjugo.station.work import View, Work
from tjugo.web import current
from tjugo.web.pages.forms import Form, answer, form_of

_VERSION = Annotated[int, Path(ge=1, le=10**9)]
_DECISIONS = {"approve": versions.approve, "reject": versions.reject}


@dataclass(frozen=True)
class _Shown:
    """A version with a text for each rule, and whether the visitor may decide it."""

    row: views.VersionView
    facts: list[tuple[str, str]]
    may_decide: bool
    may_withdraw: bool


def add_routes(routes: APIRouter, station: Station, templates: Jinja2Templates) -> None:
    """Add /tariffs: ?amount= shows a preview."""

    def page(
        request: Request, error: TjugoError | None = None, form: Form | None = None
    ) -> Response:
        with station.view() as view:
            context = _context(view, station, request)
            error = error or context.pop("wrong")
        return answer(templates, request, "tariffs.html", error, **context, form=form or {})

    async def carried_out(request: Request, do: Any) -> Response:
        form = await form_of(request)

        def act() -> Response:
            try:
                with station.work(current.actor()) as work:
                    do(work, form)
            except TjugoError as error:
                return page(request, error, form)
            return RedirectResponse("/tariffs", 303)

        return await run_in_threadpool(act)

    @routes.get("/tariffs")
    def show(request: Request) -> Response:
        return page(request)

    @routes.post("/tariffs")
    async def propose(request: Request) -> Response:
        return await carried_out(request, _propose)

    @routes.post("/tariffs/{tariff}")
    async def assign(request: Request, tariff: str) -> Response:
        def do(work: Work, form: Form) -> None:
            if form.get("meter"):
                assignment.assign(work, form["meter"], tariff)
            else:
                assignment.set_default(work, tariff)

        return await carried_out(request, do)

    @routes.post("/tariffs/{tariff}/{version}")
    async def decide(request: Request, tariff: str, version: _VERSION) -> Response:
        def do(work: Work, form: Form) -> None:
            if form.get("decision") == "withdraw":
                versions.withdraw(work, tariff, version)
            else:
                decision = _DECISIONS.get(form.get("decision", ""), versions.reject)
                decision(work, tariff, version, form.get("note"))

        return await carried_out(request, do)


def _propose(work: Work, form: Form) -> None:
    if form.get("rules"):
        rules = stored.from_json(form["rules"])
    else:
        given = (form.get("rate", ""), form.get("vat"), form.get("charge"))
        rules = typed.flat_rules(work, work.now(), *given)
    begin = typed.begin_of(work, form.get("begin"))
    name = form.get("name") or None
    versions.propose(work, form.get("tariff", ""), rules, begin, name, form.get("note"))


def _context(view: View, station: Station, request: Request) -> dict[str, Any]:
    """Return what the page shows, and as `wrong` the error of its preview."""
    now = station.clock()
    found = views.tariffs(view, now)
    asked = {name: text.strip()[:40] for name, text in request.query_params.items()}
    price, wrong = None, None
    if asked.get("amount"):
        try:
            price = views.price_view(_preview(view, station, asked))
        except TjugoError as error:
            wrong = error
    tariffs = [(row, [_shown(version) for version in row.versions]) for row in found]
    currency = view.tenant.currency
    return {
        "tariffs": tariffs,
        "price": price,
        "asked": asked,
        "wrong": wrong,
        "currency": currency,
    }


def _preview(view: View, station: Station, asked: dict[str, str]) -> views.Preview:
    """Return the preview of an address: amount, meter, and `<tariff> <version>`."""
    tariff, _, version = asked.get("by", "").partition(" ")
    number = int(version) if version.isascii() and version.isdigit() else None
    return views.preview(
        view,
        station.clock(),
        money.parse(asked["amount"], view.tenant.currency),
        None,
        asked.get("meter") or None,
        tariff or None,
        number,
    )


def _shown(row: views.VersionView) -> _Shown:
    waiting = row.state == "proposed"
    own = same_person(row.made_by, current.actor())
    return _Shown(
        row,
        facts.facts(stored.from_document(row.rules)),
        waiting and not own and current.may("tariffs.approve"),
        waiting and own and current.may("tariffs.approve"),
    )
