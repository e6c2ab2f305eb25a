"""Key changes over /api/v1/key-changes."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from tjugo.station.station import Station
from tjugo.station.storage.paging import Page
from tjugo.station.vending import (
    campaigns,
    change_steps,
    change_views,
    evidence,
    key_delivery,
    keychange,
    rollover_views,
)
from tjugo.station.vending.change_views import CampaignView, ChangeView
from tjugo.station.vending.request_views import RequestView
from tjugo.station.vending.rollover_views import BaseDate, ToDo
from tjugo.web.api.engineering import answered
from tjugo.web.api.fields import (
    CLIENT,
    DEFAULT_LIMIT,
    After,
    Digits,
    Drn,
    Limit,
    RequestBody,
    Search,
    Text,
    Whole,
)
from tjugo.web.current import actor, namespace
from tjugo.web.seller import issuer

_Filter = Annotated[str | None, Query(max_length=40)]


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


class Sent(RequestBody):
    """Whether the set of key change tokens is sent to the collector."""

    sent: bool


def add_routes(api: APIRouter, station: Station) -> None:
    """Add the routes of key changes."""
    _add_key_changes(api, station)
    _add_steps(api, station)


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
        state: _Filter = None,
        campaign: _Filter = None,
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
            return rollover_views.base_dates(view, station.clock())

    @api.get("/base-dates/{bdt}/meters")
    def get_to_do(bdt: str, after: After = None, limit: Limit = DEFAULT_LIMIT) -> Page[ToDo]:
        """Return the meters of a base date without a planned or issued key change. 404: there is
        no such base date."""
        with station.view() as view:
            return rollover_views.to_do(view, bdt, after, limit)


def _add_steps(api: APIRouter, station: Station) -> None:
    @api.put("/key-change-tokens/{client_id}")
    def put_key_change(client_id: str, body: KeyIssueBody, response: Response) -> RequestView:
        """Issue the planned key change of a meter, or the same tokens again."""
        with station.work(actor()) as work:
            of = (namespace(CLIENT), client_id, body.drn, issuer(work))
            outcome = keychange.issue_alone(work, *of)
        return answered(outcome, response)

    @api.post("/key-changes/{drn}/send")
    def post_send(drn: str) -> Sent:
        """Send the whole set of key change tokens to the meter's collector again, after a section
        was refused or expired."""
        with station.work(actor()) as work:
            key_delivery.send_again(work, drn)
        return Sent(sent=True)

    @api.post("/key-changes/{drn}/confirm")
    def post_confirm(drn: str, body: DecideBody) -> Confirmed:
        """Confirm that the meter has its new key."""
        with station.work(actor()) as work:
            change_steps.confirm(work, drn, body.why)
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
