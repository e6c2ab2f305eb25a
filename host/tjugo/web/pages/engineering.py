"""The page of engineering tokens."""

import uuid
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.templating import Jinja2Templates

from tjugo import numbers
from tjugo.errors import TjugoError
from tjugo.station.operators import approvals
from tjugo.station.station import Station
from tjugo.station.vending import asked, engineering, request_views
from tjugo.web.current import actor
from tjugo.web.pages.forms import CLIENT, Context, Form, add_page
from tjugo.web.seller import issuer

_ROWS = 20


def add_routes(routes: APIRouter, station: Station, templates: Jinja2Templates) -> None:
    """Add /engineering: the request named by ?id= is shown large. Each page has a new client
    id."""

    def query(request: Request, form: Form | None) -> tuple[Context, TjugoError | None]:
        shown, wrong = None, None
        client_id = request.query_params.get("id")
        client = request.query_params.get("client", CLIENT)
        approvals.expire_due(station)
        with station.view() as view:
            if client_id and form is None:
                try:
                    found = asked.found(view, client, client_id)
                    shown = request_views.request_view(found)
                except TjugoError as missing:
                    wrong = missing
            recent = [request_views.request_view(o) for o in engineering.recent(view, _ROWS)]
        kinds = request_views.kind_views()
        context: Context = {
            "shown": shown,
            "rows": recent,
            "groups": [
                ("Change the meter", [kind for kind in kinds if kind.token_class == 2]),
                ("Test and display", [kind for kind in kinds if kind.token_class == 1]),
            ],
            "client_id": str(uuid.uuid4()),
            "meter": request.query_params.get("meter", ""),
        }
        return context, wrong

    def action(form: Form) -> str:
        of = (CLIENT, form.get("client_id", ""), form.get("drn") or None, form.get("kind", ""))
        more = (number(form, "value", "The value"), number(form, "index", "The index"))
        with station.work(actor()) as work:
            outcome = engineering.request(work, *of, *more, issuer(work))
        asked.answer(outcome)
        return f"/engineering?id={quote(outcome.client_id)}"

    add_page(routes, templates, "/engineering", query, action)


def number(form: Form, name: str, title: str) -> int | None:
    """Return a whole number of a form, None when it is empty. Raise TjugoError."""
    text = form.get(name, "")
    if not text:
        return None
    try:
        return numbers.whole(text)
    except numbers.NotANumber as error:
        raise TjugoError(error.sentence(title), 2) from error
