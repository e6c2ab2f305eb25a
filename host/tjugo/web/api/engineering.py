"""Engineering tokens over /api/v1/engineering."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from tjugo.station.operators import approvals
from tjugo.station.station import Station
from tjugo.station.vending import asked, engineering, request_views
from tjugo.station.vending.request_views import KindView, RequestView
from tjugo.web.api.fields import CLIENT, DEFAULT_LIMIT, Drn, Limit, RequestBody, Whole
from tjugo.web.current import actor, namespace
from tjugo.web.seller import issuer

_Client = Annotated[
    str | None, Query(max_length=40, description="Whose request it is; one's own if not given.")
]


class EngineeringBody(RequestBody):
    """An engineering token: kind is one of GET /engineering-kinds; drn null: for any meter."""

    kind: Annotated[str, Field(max_length=40)]
    drn: Drn | None = None
    value: Whole | None = None
    index: Whole | None = None


def add_routes(api: APIRouter, station: Station) -> None:
    """Add the routes of engineering tokens."""

    @api.get("/engineering-kinds")
    def get_kinds() -> list[KindView]:
        """Return the kinds of engineering tokens, and which need an approval."""
        return request_views.kind_views()

    @api.put("/engineering/{client_id}")
    def put_engineering(client_id: str, body: EngineeringBody, response: Response) -> RequestView:
        """Issue a token once for each client_id. 202: it waits for an approval; the same request
        answers with the token after it."""
        approvals.expire_due(station)
        with station.work(actor()) as work:
            of = (namespace(CLIENT), client_id, body.drn, body.kind, body.value, body.index)
            outcome = engineering.request(work, *of, issuer(work))
        return answered(outcome, response)

    @api.get("/engineering/{client_id}")
    def get_engineering(client_id: str, client: _Client = None) -> RequestView:
        """Return a request for an engineering token, key change tokens or a replacement."""
        whose = client or namespace(CLIENT)
        approvals.expire_due(station)
        with station.view() as view:
            return request_views.request_view(asked.found(view, whose, client_id))

    @api.get("/engineering")
    def get_requests(limit: Limit = DEFAULT_LIMIT) -> list[RequestView]:
        """Return the newest requests with their outcomes."""
        approvals.expire_due(station)
        with station.view() as view:
            return [request_views.request_view(one) for one in engineering.recent(view, limit)]


def answered(outcome: asked.Outcome, response: Response) -> RequestView:
    """Return a request that was carried out, or that waits: then the status is 202. Raise
    TjugoError with the reason of a refusal."""
    found = request_views.request_view(asked.answer(outcome))
    if found.state == "waiting":
        response.status_code = 202
    return found
