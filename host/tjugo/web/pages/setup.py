"""The page that sets a station up: the utility's particulars, currency and first price, and the
first administrator."""

from dataclasses import asdict, replace

from fastapi import APIRouter, Request
from fastapi.templating import Jinja2Templates

from tjugo.errors import TjugoError, reason
from tjugo.station.operators import people
from tjugo.station.setup import plan, service
from tjugo.station.setup import utility as utilities
from tjugo.station.setup.service import Administrator
from tjugo.station.station import Station
from tjugo.station.storage.databases import PostgresDatabase
from tjugo.station.tariffs import assignment
from tjugo.web import current
from tjugo.web.gate import Gate
from tjugo.web.pages.forms import Context, Form, add_page

_PRICED = ("currency", "price")  # as long as there are no other amounts
_DATABASES = {
    False: "Its database is a file in the station's folder. PostgreSQL is chosen at the command "
    "line, before there are these pages: `tjugo init --database postgresql://...`.",
    True: "Its database is on a PostgreSQL server: that was chosen at the command line, before "
    "there were these pages.",
}


def add_routes(
    routes: APIRouter, station: Station, templates: Jinja2Templates, gate: Gate
) -> None:
    """Add /setup."""

    def query(_request: Request, _form: Form | None) -> tuple[Context, TjugoError | None]:
        with station.view() as view:
            found, exist = utilities.of(view), people.exist(view)
            priced, rate = service.has_first_price(view), assignment.first_rate(view)
        now = {name: text or "" for name, text in asdict(found).items()} | {"price": f"{rate}"}
        if found.name == service.TRIAL.name:
            now["name"] = ""
        names = (*(name for name in plan.UTILITY if name != "currency"), *_PRICED)
        rows = [
            (name, plan.FIELDS[name].title, now[name])
            for name in names
            if priced or name not in _PRICED
        ]
        database = _DATABASES[isinstance(station.database, PostgresDatabase)]
        shown = {"exist": exist, "priced": priced, "currency": found.currency}
        return {"rows": rows, "database": database, **shown}, None

    def act(form: Form) -> str:
        if form.get("password") != form.get("again"):
            raise reason("password_invalid", "The two passwords differ.")
        with station.view() as view:
            utility = utilities.of(view)
        given = {name: form[name].replace("\r\n", "\n") for name in plan.UTILITY if name in form}
        if "currency" in given:
            given["currency"] = given["currency"].upper()
        rate = plan.rate(form) if "price" in form else None
        login = form.get("login", "")
        person = Administrator(login, form.get("person", "") or login, form.get("password", ""))
        service.begin(station, current.actor(), replace(utility, **given), person, rate)
        gate.forget()
        return "/login"

    add_page(routes, templates, "/setup", query, act)
