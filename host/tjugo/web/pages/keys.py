"""The pages of the vending keys: the register, and unlocking."""

from fastapi import APIRouter, Request
from fastapi.templating import Jinja2Templates

from tjugo.errors import TjugoError
from tjugo.sealed_keys import ADD_PASSPHRASE, KEY_FILE_ONLY
from tjugo.station.keys import service, views
from tjugo.station.station import Station, utc_now
from tjugo.web.current import actor
from tjugo.web.pages.forms import Context, Form, add_page


def add_routes(routes: APIRouter, station: Station, templates: Jinja2Templates) -> None:
    """Add /keys, whose form locks the keys, and /unlock."""

    def query(request: Request, form: Form | None) -> tuple[Context, TjugoError | None]:
        with station.view() as view:
            shown = views.keys(view, station.backend, utc_now())
        return {"keys": shown, "no_passphrase": f"{KEY_FILE_ONLY} {ADD_PASSPHRASE}"}, None

    def lock(form: Form) -> str:
        service.lock(station, actor())
        return "/keys"

    def unlock(form: Form) -> str:
        # Not kept in the form, which is shown again after an error.
        service.unlock(station, actor(), form.pop("passphrase", ""))
        return "/keys"

    add_page(routes, templates, "/keys", query, lock)
    add_page(routes, templates, "/unlock", query, unlock)
