"""Refused tokens and replacements over /api/v1."""

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from tjugo.station.station import Station
from tjugo.station.vending import carry_over, replacement, triage
from tjugo.station.vending.request_views import RequestView
from tjugo.station.vending.triage import Triage
from tjugo.web.api.engineering import answered
from tjugo.web.api.fields import Digits, Drn, RequestBody, Text, Whole
from tjugo.web.current import actor, only_own
from tjugo.web.seller import issuer


class RefusedBody(RequestBody):
    """A token that a meter refused. shown: what the meter displayed; krn: as it displays it."""

    drn: Drn
    token: Digits
    shown: Annotated[str, Field(max_length=80)] = ""
    krn: Whole | None = None


class ReplaceBody(RequestBody):
    """The replacement of a credit token, by its meter, base date and TID: of a meter that was
    replaced too, by a token for the one in its place. tenths: of a kWh, that are still owed; null:
    all that the token carries."""

    drn: Drn
    bdt: Annotated[str, Field(max_length=2)]
    tid: Whole
    tenths: Whole | None = None
    why: Text


class CarryOverBody(RequestBody):
    """The credit that was left in a retired meter. credit: as it was read: kWh, or major units
    where the meter counts money."""

    credit: Annotated[str, Field(max_length=40)]
    why: Text


def add_routes(api: APIRouter, station: Station) -> None:
    """Add the routes of refused tokens."""

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
            of = (body.drn, body.bdt, body.tid, body.tenths, body.why, issuer(work), only_own())
            outcome = replacement.replace(work, *of)
        return answered(outcome, response)

    @api.post("/meters/{drn}/carry-over")
    def post_carry_over(drn: str, body: CarryOverBody, response: Response) -> RequestView:
        """Ask for the credit that was left in a meter when it was replaced, as a token for the
        meter in its place, or return what became of it. 202: it waits for an approval."""
        with station.work(actor()) as work:
            outcome = carry_over.carry_over(work, drn, body.credit, body.why, issuer(work))
        return answered(outcome, response)
