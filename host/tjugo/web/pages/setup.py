"""The page that sets a station up: the utility's particulars and the first administrator."""

from dataclasses import asdict, replace

from fastapi import APIRouter, Request
from fastapi.templating import Jinja2Templates

from tjugo.errors import TjugoError, reason
from tjugo.station.operators import people
from tjugo.station.setup import plan, service
from tjugo.station.setup import utility as utilities
from tjugo.station.setup.service import Administrator
from tjugo.station.station import Station
from tjugo.web import current
from tjugo.web.gate import Gate
from tjugo.web.pages.forms import Context, Form, add_page

_FIELDS = tuple(name for name in plan.UTILITY if name != "currency")


def add_routes(
    routes: APIRouter, station: Station, templates: Jinja2Templates, gate: Gate
) -> None:
    """Add /setup."""

    def query(_request: Request, _form: Form | None) -> tuple[Context, TjugoError | None]:
        with station.view() as view:
            found, exist = utilities.of(view), people.exist(view)
        now = {name: text or "" for name, text in asdict(found).items()}
        if found.name == service.TRIAL.name:
            now["name"] = ""
        rows = [(name, plan.FIELDS[name].title, now[name]) for name in _FIELDS]
        return {"rows": rows, "exist": exist, "currency": found.currency}, None

    def act(form: Form) -> str:
        if form.get("password") != form.get("again"):
            raise reason("password_invalid", "The two passwords differ.")
        with station.view() as view:
            utility = utilities.of(view)
        given = {name: form[name].replace("\r\n", "\n") for name in _FIELDS if name in form}
        login = form.get("login", "")
        person = Administrator(login, form.get("person", "") or login, form.get("password", ""))
        service.begin(station, current.actor(), replace(utility, **given), person)
        gate.forget()
        return "/login"

    add_page(routes, templates, "/setup", query, act)
