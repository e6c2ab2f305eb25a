"""The pages of banking: batches of closed shifts, and their deposits."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.templating import Jinja2Templates
from starlette.responses import RedirectResponse, Response

from tjugo import money
from tjugo.errors import TjugoError
from tjugo.station.station import Station
from tjugo.station.tills import banking_views, batches
from tjugo.web import current
from tjugo.web.pages.forms import Form, answer, form_of, listed
from tjugo.web.pages.shifts import number_of, tools


def add_routes(routes: APIRouter, station: Station, templates: Jinja2Templates) -> None:
    """Add /banking, the list with the button for a new batch, and /banking/NUMBER."""

    def whole(request: Request, error: TjugoError | None = None) -> Response:
        with station.view() as view:
            after = request.query_params.get("after") or None
            context: dict[str, Any] = {
                **tools(view),
                **listed(request, banking_views.batch_list(view, None, after)),
                "waiting": banking_views.unbanked(view),
            }
        return answer(templates, request, "banking.html", error, **context)

    def one(
        request: Request, number: int, form: Form | None = None, error: TjugoError | None = None
    ) -> Response:
        with station.view() as view:
            context = {**tools(view), "report": banking_views.batch_report(view, number)}
        return answer(templates, request, "batch.html", error, form=form or {}, **context)

    def close(form: Form) -> Response:
        with station.work(current.actor()) as work:
            number = batches.close_batch(work, form.get("outlet", ""))
        return RedirectResponse(f"/banking/{number}", 303)

    def deposit(number: int, form: Form) -> Response:
        with station.work(current.actor()) as work:
            amount = money.parse(form.get("amount", ""), work.tenant.currency)
            means = form.get("means", "cash")
            new = batches.NewDeposit(amount, form.get("bank_ref", ""), means)
            batches.deposit_batch(work, number, new)
        return RedirectResponse(f"/banking/{number}", 303)

    @routes.get("/banking")
    def get_whole(request: Request) -> Response:
        return whole(request)

    @routes.post("/banking")
    async def post_batch(request: Request) -> Response:
        form = await form_of(request)
        try:
            return await run_in_threadpool(close, form)
        except TjugoError as error:
            return await run_in_threadpool(whole, request, error)

    @routes.get("/banking/{number}")
    def get_one(request: Request, number: str) -> Response:
        return one(request, number_of(number))

    @routes.post("/banking/{number}/deposits")
    async def post_deposit(request: Request, number: str) -> Response:
        form = await form_of(request)
        batch = number_of(number)
        try:
            return await run_in_threadpool(deposit, batch, form)
        except TjugoError as error:
            return await run_in_threadpool(one, request, batch, form, error)
