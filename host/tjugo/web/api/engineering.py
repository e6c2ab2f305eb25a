"""Engineering tokens, key changes and refused tokens over /api/v1."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from tjugo.station.operators import approvals
from tjugo.station.station import Station
from tjugo.station.storage.paging import Page
from tjugo.station.vending import (
    asked,
    campaigns,
    change_views,
    engineering,
    evidence,
    keychange,
    replacement,
    request_views,
    triage,
)
from tjugo.station.vending.change_views import BaseDate, CampaignView, ChangeView
from tjugo.station.vending.request_views import KindView, RequestView
from tjugo.station.vending.triage import Triage
from tjugo.web.api.fields import (
    CLIENT,
    DEFAULT_LIMIT,
    After,
    Drn,
    Limit,
    RequestBody,
    Search,
    Whole,
)
from tjugo.web.current import actor

Text = Annotated[str, Field(max_length=200)]
Digits = Annotated[str, Field(max_length=80)]
Client = Annotated[str, Query(max_length=40, description="Whose request it is.")]
Filter = Annotated[str | None, Query(max_length=40)]


class EngineeringBody(RequestBody):
    """An engineering token: kind is one of GET /engineering-kinds; drn null: for any meter."""

    kind: Annotated[str, Field(max_length=40)]
    drn: Drn | None = None
    value: Whole | None = None
    index: Whole | None = None


class Target(RequestBody):
    """The fields of the key register that are to change."""

    sgc: Whole | None = None
    krn: Whole | None = None
    kt: Whole | None = None
    ti: Whole | None = None
    ken: Whole | None = None
    bdt: Whole | None = None
    dkga: Whole | None = None


class Where(RequestBody):
    """The present key register of the meters of a campaign."""

    sgc: Whole | None = None
    krn: Whole | None = None
    kt: Whole | None = None
    ti: Whole | None = None
    bdt: Whole | None = None


class PlanBody(RequestBody):
    """A key change of one meter, or a campaign of many: those listed, and those of a present key
    register."""

    changes: Target
    drns: list[Drn] = Field(default_factory=list, max_length=10_000)
    where: Where | None = None
    campaign: Annotated[str | None, Field(max_length=40)] = None


class Asked(RequestBody):
    """What waits for the approval of another person. meters: how many it concerns."""

    approval: str | None
    meters: int


class KeyIssueBody(RequestBody):
    """The key change tokens of a meter, without a sale."""

    drn: Drn


class DecideBody(RequestBody):
    """Why, for the record."""

    why: Text


class TokenBody(RequestBody):
    """A token that a meter accepted."""

    token: Digits


class Confirmed(RequestBody):
    """Whether a key change was confirmed."""

    confirmed: bool


class RefusedBody(RequestBody):
    """A token that a meter refused. shown: what the meter displayed; krn: as it displays it."""

    drn: Drn
    token: Digits
    shown: Annotated[str, Field(max_length=80)] = ""
    krn: Whole | None = None


class ReplaceBody(RequestBody):
    """The replacement of a credit token, by its base date and TID. tenths: of a kWh, that are
    still owed; null: all that the token carries."""

    drn: Drn
    bdt: Annotated[str, Field(max_length=2)]
    tid: Whole
    tenths: Whole | None = None
    why: Text


def add_routes(api: APIRouter, station: Station) -> None:
    """Add the routes of engineering tokens, key changes and refused tokens."""
    _add_engineering(api, station)
    _add_key_changes(api, station)
    _add_steps(api, station)
    _add_refused(api, station)


def _add_engineering(api: APIRouter, station: Station) -> None:
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
            of = (CLIENT, client_id, body.drn, body.kind, body.value, body.index)
            outcome = engineering.request(work, *of)
        return _answer(outcome, response)

    @api.get("/engineering/{client_id}")
    def get_engineering(client_id: str, client: Client = CLIENT) -> RequestView:
        """Return a request for an engineering token, key change tokens or a replacement."""
        approvals.expire_due(station)
        with station.view() as view:
            return request_views.request_view(asked.found(view, client, client_id))

    @api.get("/engineering")
    def get_requests(limit: Limit = DEFAULT_LIMIT) -> list[RequestView]:
        """Return the newest requests with their outcomes."""
        approvals.expire_due(station)
        with station.view() as view:
            return [request_views.request_view(one) for one in engineering.recent(view, limit)]


def _answer(outcome: asked.Outcome, response: Response) -> RequestView:
    found = request_views.request_view(asked.answer(outcome))
    if found.state == "waiting":
        response.status_code = 202
    return found


def _add_key_changes(api: APIRouter, station: Station) -> None:
    @api.post("/key-changes", status_code=202)
    def post_key_changes(body: PlanBody) -> Asked:
        """Ask for the approval of a key change, of one meter or of a campaign."""
        where = {} if body.where is None else body.where.model_dump()
        changes = body.changes.model_dump()
        with station.work(actor()) as work:
            asked_for = campaigns.ask(work, changes, body.drns, where, body.campaign)
        return Asked(approval=asked_for[0], meters=asked_for[1])

    @api.get("/key-changes")
    def get_key_changes(
        state: Filter = None,
        campaign: Filter = None,
        search: Search = "",
        after: After = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Page[ChangeView]:
        """Return key changes by DRN."""
        with station.view() as view:
            return change_views.changes(view, state, campaign, search, after, limit)

    @api.get("/key-change-campaigns")
    def get_campaigns() -> list[CampaignView]:
        """Return the campaigns with their progress, the newest first."""
        with station.view() as view:
            return change_views.campaigns(view)

    @api.get("/base-dates")
    def get_base_dates() -> list[BaseDate]:
        """Return the base dates of the meters, and how many of them are to be changed."""
        with station.view() as view:
            return change_views.base_dates(view, station.clock())


def _add_steps(api: APIRouter, station: Station) -> None:
    @api.put("/key-change-tokens/{client_id}")
    def put_key_change(client_id: str, body: KeyIssueBody, response: Response) -> RequestView:
        """Issue the planned key change of a meter, or the same tokens again."""
        with station.work(actor()) as work:
            outcome = keychange.issue_alone(work, CLIENT, client_id, body.drn)
        return _answer(outcome, response)

    @api.post("/key-changes/{drn}/confirm")
    def post_confirm(drn: str, body: DecideBody) -> Confirmed:
        """Confirm that the meter has its new key."""
        with station.work(actor()) as work:
            keychange.confirm(work, drn, body.why)
        return Confirmed(confirmed=True)

    @api.post("/key-changes/{drn}/cancel")
    def post_cancel(drn: str, body: DecideBody, response: Response) -> Asked:
        """Cancel a planned key change. 202: its tokens are issued, so it waits for an approval."""
        with station.work(actor()) as work:
            approval = campaigns.ask_cancel(work, drn, body.why)
        if approval is not None:
            response.status_code = 202
        return Asked(approval=approval, meters=1)

    @api.post("/key-changes/{drn}/accepted")
    def post_accepted(drn: str, body: TokenBody) -> Confirmed:
        """Record that the meter accepted a token; one of the new key confirms its key change."""
        with station.work(actor()) as work:
            return Confirmed(confirmed=evidence.accepted(work, drn, body.token))


def _add_refused(api: APIRouter, station: Station) -> None:
    @api.post("/refused-tokens")
    def post_refused(body: RefusedBody) -> Triage:
        """Examine why a meter refused a token; nothing is changed."""
        seen = {} if body.krn is None else {"krn": body.krn}
        with station.work(actor()) as work:
            return triage.examine(work, body.drn, body.token, body.shown, seen)

    @api.post("/replacements")
    def post_replacement(body: ReplaceBody, response: Response) -> RequestView:
        """Ask for the replacement of a token that the meter cannot accept, or return what became
        of it. 202: it waits for an approval."""
        with station.work(actor()) as work:
            of = (body.drn, body.bdt, body.tid, body.tenths, body.why)
            outcome = replacement.replace(work, *of)
        return _answer(outcome, response)
