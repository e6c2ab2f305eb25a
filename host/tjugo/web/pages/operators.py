"""The pages of operators, for administrators."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.templating import Jinja2Templates
from sqlalchemy import select
from starlette.responses import RedirectResponse, Response

from tjugo import money
from tjugo.errors import TjugoError
from tjugo.station.operators import credentials, passwords, people
from tjugo.station.operators.permissions import ACTIONS, PERMISSIONS
from tjugo.station.station import Station
from tjugo.station.storage.tables import ROLES, Outlet
from tjugo.station.work import View
from tjugo.web import current
from tjugo.web.gate import Gate
from tjugo.web.pages.forms import Form, add_form, answer, form_of, not_stored

_LIMITS = {"sale_limit": "The limit of a sale", "day_limit": "The limit of a day"}
_MORE = ("role", "outlet")


def add_routes(
    routes: APIRouter, station: Station, templates: Jinja2Templates, gate: Gate
) -> None:
    """Add /operators, the list with the form for a new one, and /operators/NAME."""

    def listed(
        request: Request, form: Form | None = None, error: TjugoError | None = None, **more: Any
    ) -> Response:
        with station.view() as view:
            rows, context = people.operators(view), _context(view)
        more = {**context, "rows": rows, "form": form or {}, "made": None, **more}
        return answer(templates, request, "operators.html", error, **more)

    def one(
        request: Request, operator: str, error: TjugoError | None = None, **more: Any
    ) -> Response:
        with station.view() as view:
            row, context = people.shown(people.find(view, operator)), _context(view)
        return answer(
            templates, request, "operator.html", error, **{**context, "row": row, **more}
        )

    def add(request: Request, form: Form) -> Response:
        password = passwords.temporary()
        hashed = passwords.hashed(password)
        with station.work(current.actor()) as work:
            given = _fields(work, form)
            made = people.add(work, form.get("operator", ""), hashed, **given)
        gate.forget()
        return not_stored(listed(request, made={"operator": made, "password": password}))

    def edit(request: Request, operator: str, form: Form) -> Response:
        with station.work(current.actor()) as work:
            people.edit(work, operator, **_fields(work, form))
        return RedirectResponse("/operators", 303)

    def activate(request: Request, operator: str, form: Form) -> Response:
        with station.work(current.actor()) as work:
            people.set_active(work, operator, form.get("active") == "1")
        return RedirectResponse("/operators", 303)

    def new_password(request: Request, operator: str, form: Form) -> Response:
        password = passwords.temporary()
        hashed = passwords.hashed(password)
        with station.work(current.actor()) as work:
            credentials.set_password(work, operator, hashed, must_change=True)
        return not_stored(one(request, operator, password=password))

    def reset(request: Request, operator: str, form: Form) -> Response:
        with station.work(current.actor()) as work:
            credentials.reset_factor(work, operator)
        return RedirectResponse("/operators", 303)

    @routes.get("/operators")
    def show(request: Request) -> Response:
        return listed(request)

    @routes.post("/operators")
    async def post_new(request: Request) -> Response:
        form = await form_of(request)
        try:
            return await run_in_threadpool(add, request, form)
        except TjugoError as error:
            return await run_in_threadpool(listed, request, form, error)

    @routes.get("/operators/{operator}")
    def show_one(request: Request, operator: str) -> Response:
        return one(request, operator)

    add_form(routes, "/operators/{operator}", edit, one)
    add_form(routes, "/operators/{operator}/active", activate, one)
    add_form(routes, "/operators/{operator}/password", new_password, one)
    add_form(routes, "/operators/{operator}/factor", reset, one)


def _context(view: View) -> dict[str, Any]:
    currency = view.tenant.currency
    query = select(Outlet).where(Outlet.tenant_id == view.tenant_id, Outlet.active.is_(True))
    return {
        "roles": ROLES,
        "permissions": {
            role: [ACTIONS[a] for a in ACTIONS if a in PERMISSIONS[role]] for role in ROLES
        },
        "outlets": list(view.session.scalars(query.order_by(Outlet.outlet))),
        "currency": currency,
        "plain": lambda amount: "" if amount is None else money.plain(amount, currency),
    }


def _fields(view: View, form: Form) -> dict[str, Any]:
    """Return the fields of an operator in a form. Raise TjugoError."""
    currency = view.tenant.currency
    given: dict[str, Any] = {name: form.get(name, "") for name in _MORE}
    given["name"] = form.get("name", "")
    for field, title in _LIMITS.items():
        text = form.get(field, "")
        given[field] = money.parse(text, currency, title) if text else None
    return given
