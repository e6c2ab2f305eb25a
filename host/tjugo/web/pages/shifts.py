"""The pages of shifts: a person's own till, and all shifts with their reports."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.templating import Jinja2Templates
from starlette.responses import RedirectResponse, Response

from tjugo import money
from tjugo.errors import NotFound, TjugoError, reason
from tjugo.station import names
from tjugo.station.ledger.accounts import ACCOUNTS, MEANS
from tjugo.station.station import Station
from tjugo.station.tills import cash_up, shifts, vendors, views
from tjugo.station.work import View
from tjugo.web import current
from tjugo.web.pages.forms import Form, answer, form_of, listed

_OWN_ROWS = 5
_SEEN = "seen_"


def add_routes(routes: APIRouter, station: Station, templates: Jinja2Templates) -> None:
    """Add /till, to open and cash up one's own shift, and /shifts."""
    pages = _Pages(station, templates)

    def post(path: str, action: Callable[..., Response], back: Callable[..., Response]) -> None:
        async def handle(request: Request) -> Response:
            form = await form_of(request)
            given = [number_of(value) for value in request.path_params.values()]
            try:
                return await run_in_threadpool(action, request, form, *given)
            except TjugoError as error:
                return await run_in_threadpool(back, request, *given, form=form, error=error)

        routes.add_api_route(path, handle, methods=["POST"])

    @routes.get("/till")
    def get_till(request: Request) -> Response:
        return pages.till(request)

    @routes.get("/shifts")
    def get_shifts(request: Request) -> Response:
        return pages.all_shifts(request)

    @routes.get("/shifts/{number}")
    def get_shift(request: Request, number: str) -> Response:
        return pages.shift(request, number_of(number))

    post("/till", pages.open, pages.till)
    post("/till/count", pages.count_own, pages.till)
    post("/till/close", pages.close_own, pages.till)
    post("/shifts/{number}/count", pages.count, pages.shift)
    post("/shifts/{number}/close", pages.close, pages.shift)


@dataclass(frozen=True)
class _Pages:
    """What the routes show and do."""

    station: Station
    templates: Jinja2Templates

    def till(
        self,
        request: Request,
        form: Form | None = None,
        error: TjugoError | None = None,
        preview: list[cash_up.Count] | None = None,
    ) -> Response:
        """Show the person's open shift with its cash-up, or the form to open one."""
        person = current.person()
        closed = request.query_params.get("closed", "")
        with self.station.view() as view:
            mine = shifts.open_shift_of(view, person.actor)
            ended = _own_report(view, closed, person.actor)
            context = {
                **tools(view),
                "shift": views.shift_view(mine) if mine else None,
                "ended": ended,
                "rows": views.shifts(view, [person.actor], limit=_OWN_ROWS).items,
                "outlets": [
                    outlet
                    for outlet in vendors.outlets(view)
                    if outlet.active and person.outlet in (None, outlet.outlet)
                ],
            }
        more = {"form": form or {}, "preview": preview, "path": "/till"}
        return answer(self.templates, request, "till.html", error, **context, **more)

    def open(self, request: Request, form: Form) -> Response:
        person = current.person()
        with self.station.work(person.actor) as work:
            amount = money.parse(form.get("float", ""), work.tenant.currency, "The float")
            outlet = person.outlet or form.get("outlet", "")
            shifts.open_shift(work, person.actor, outlet, amount)
        return RedirectResponse("/till", 303)

    def count_own(self, request: Request, form: Form) -> Response:
        found = self._preview(self._own(), form)
        return self.till(request, form=form, preview=found)

    def close_own(self, request: Request, form: Form) -> Response:
        number = self._own()
        self._close(number, form)
        return RedirectResponse(f"/till?closed={number}", 303)

    def _own(self) -> int:
        with self.station.view() as view:
            row = shifts.open_shift_of(view, current.actor())
        if row is None:
            raise reason("shift_closed", "You have no open shift.")
        return row.shift_no

    def all_shifts(self, request: Request) -> Response:
        """Show the list of shifts, of all operators or one."""
        operator = request.query_params.get("search", "").strip()[:80]
        with self.station.view() as view:
            after = request.query_params.get("after") or None
            whose = names.matching(view, operator) if operator else None
            page = views.shifts(view, whose, None, after)
            context = {**tools(view), **listed(request, page)}
        return answer(self.templates, request, "shifts.html", None, **context)

    def shift(
        self,
        request: Request,
        number: int,
        form: Form | None = None,
        error: TjugoError | None = None,
        preview: list[cash_up.Count] | None = None,
    ) -> Response:
        """Show the report of a shift, and its cash-up while it is open."""
        with self.station.view() as view:
            report = views.shift_report(view, number, current.actor())
            context = {**tools(view), "report": report, "hidden": views.HIDDEN}
        more = {"form": form or {}, "preview": preview, "path": f"/shifts/{number}"}
        return answer(self.templates, request, "shift.html", error, **context, **more)

    def count(self, request: Request, form: Form, number: int) -> Response:
        found = self._preview(number, form)
        return self.shift(request, number, form=form, preview=found)

    def close(self, request: Request, form: Form, number: int) -> Response:
        self._close(number, form)
        return RedirectResponse(f"/shifts/{number}", 303)

    def _preview(self, number: int, form: Form) -> list[cash_up.Count]:
        with self.station.work(current.actor()) as work:
            return cash_up.compare(work, number, amounts(form, work.tenant.currency))

    def _close(self, number: int, form: Form) -> None:
        with self.station.work(current.actor()) as work:
            unit = work.tenant.currency
            seen = amounts(form, unit, _SEEN)
            cash_up.cash_up(work, number, amounts(form, unit), form.get("note", ""), seen)


def _own_report(view: View, number: str, actor: str) -> views.ShiftReport | None:
    """Return the report of the closed shift that an address names, if it is the actor's."""
    try:
        report = views.shift_report(view, number_of(number), actor)
    except TjugoError:
        return None
    return report if report.shift.operator == actor and report.shift.closed_at else None


def number_of(text: str) -> int:
    """Return the number in an address. Raise NotFound where it cannot be one."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise NotFound("There is no such page.")
    return int(text)


def amounts(form: Form, unit: str, prefix: str = "") -> dict[str, int]:
    """Return the amounts of a form by means of payment; an empty field is not counted."""
    found = {}
    for means in MEANS:
        text = form.get(prefix + means, "")
        if text:
            title = f"The {ACCOUNTS[means].title.lower()}"
            negative = text.startswith("-") and prefix == _SEEN
            amount = money.parse(text.lstrip("-") if negative else text, unit, title)
            found[means] = -amount if negative else amount
    return found


def tools(view: View) -> dict[str, Any]:
    """Return what the templates of tills use: titles, and amounts as text."""
    tenant = view.tenant
    return {
        "accounts": ACCOUNTS,
        "means": MEANS,
        "currency": tenant.currency,
        "digits": lambda amount: money.digits(amount, tenant.currency),
        "money_text": lambda amount: money.text(amount, tenant.currency, tenant.language),
    }
