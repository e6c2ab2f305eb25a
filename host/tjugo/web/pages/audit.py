"""The page of audit events."""

from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.templating import Jinja2Templates
from starlette.responses import Response

from tjugo.errors import TjugoError
from tjugo.station.audit import chain, views
from tjugo.station.station import Station
from tjugo.station.storage.paging import Page
from tjugo.web.gate import Gate
from tjugo.web.pages.forms import answer, searched


def add_routes(
    routes: APIRouter, station: Station, templates: Jinja2Templates, gate: Gate
) -> None:
    """Add /audit: events in pages, newest first, and with ?verify=1 the state of the chain."""

    @routes.get("/audit")
    def show(request: Request) -> Response:
        search, after = searched(request)
        asked = request.query_params
        chosen = {"search": search, **{n: asked.get(n, "")[:40] for n in ("outcome", "action")}}
        error: TjugoError | None = None
        verified: tuple[int, list[str]] | None = None
        with station.view() as view:
            try:
                outcome, action = chosen["outcome"], chosen["action"]
                page = views.events(view, search, after, outcome=outcome, action=action)
            except TjugoError as wrong:
                error, page = wrong, Page([], None)
            actions = views.actions(view)
            if asked.get("verify"):
                verified = chain.verify(view)
        following = page.next and "?" + urlencode({**chosen, "after": page.next})
        context: dict[str, Any] = {
            **chosen,
            "rows": page.items,
            "actions": actions,
            "verified": verified,
            "following": following,
            "first": "?" + urlencode(chosen) if after else None,
        }
        return answer(templates, request, "audit.html", error, **context)
