"""The guided screen "the meter refused my token"."""

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.templating import Jinja2Templates
from starlette.responses import RedirectResponse, Response

from tjugo.errors import TjugoError
from tjugo.station.station import Station
from tjugo.station.vending import answers, asked, change_steps, replacement, triage, triage_key
from tjugo.station.vending.triage import Triage
from tjugo.web.current import actor, may
from tjugo.web.pages.engineering import number
from tjugo.web.pages.forms import Form, answer, form_of
from tjugo.web.seller import issuer

PAGE = "/refused"
SEE = "engineering.see"


def add_routes(routes: APIRouter, station: Station, templates: Jinja2Templates) -> None:
    """Add /refused: the form, the examination, and what helps."""

    def show(
        request: Request,
        form: Form | None = None,
        found: Triage | None = None,
        error: TjugoError | None = None,
    ) -> Response:
        context: dict[str, Any] = {
            "form": form or {"drn": request.query_params.get("meter", "")},
            "found": found,
            "choices": answers.CHOICES,
            "currency": station.currency,
            "krn_token": triage_key.KRN_TOKEN,
            "asked": "asked" in request.query_params,
        }
        return answer(templates, request, "refused.html", error, **context)

    def examine(request: Request, form: Form) -> Response:
        try:
            krn = number(form, "krn", "The KRN")
            seen = {} if krn is None else {"krn": krn}
            of = (form.get("drn", ""), form.get("token", ""), form.get("shown", ""))
            with station.work(actor()) as work:
                found = triage.examine(work, *of, seen)
        except TjugoError as error:
            return show(request, form, error=error)
        return show(request, form, found)

    def confirm(request: Request, form: Form) -> Response:
        try:
            with station.work(actor()) as work:
                change_steps.confirm(work, form.get("drn", ""), "the meter refused a token")
        except TjugoError as error:
            return show(request, form, error=error)
        return examine(request, form)

    def replace(request: Request, form: Form) -> Response:
        try:
            place = (form.get("bdt", ""), number(form, "tid", "The TID") or 0)
            tenths = number(form, "tenths", "The credit")
            why = form.get("why") or "the meter refused it"
            with station.work(actor()) as work:
                of = (form.get("of") or form.get("drn", ""), *place, tenths, why, issuer(work))
                outcome = replacement.replace(work, *of)
            asked.answer(outcome)
        except TjugoError as error:
            return show(request, form, error=error)
        if not may(SEE):  # who decides hands the token over
            return RedirectResponse(f"{PAGE}?asked", 303)
        query = f"id={quote(outcome.client_id)}&client={quote(outcome.client)}"
        return RedirectResponse(f"/engineering?{query}", 303)

    @routes.get(PAGE)
    def get(request: Request) -> Response:
        return show(request)

    for path, step in (("", examine), ("/confirm", confirm), ("/replace", replace)):
        _add_post(routes, f"{PAGE}{path}", step)


def _add_post(routes: APIRouter, path: str, step: Any) -> None:
    async def post(request: Request) -> Response:
        form = await form_of(request)
        return await run_in_threadpool(step, request, form)

    routes.add_api_route(path, post, methods=["POST"], response_class=Response)
