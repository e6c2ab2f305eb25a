"""Tariffs over /api/v1/tariffs."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import AwareDatetime, Field

from tjugo.errors import reason
from tjugo.station.station import Station
from tjugo.station.storage.paging import Page
from tjugo.station.tariffs import assignment, stored, typed, versions, views
from tjugo.station.tariffs.views import PriceView, TariffView, VersionView
from tjugo.web.api.amounts import minor
from tjugo.web.api.fields import Drn, Kwh, Money, RequestBody, Whole
from tjugo.web.current import actor

_MOST = 10**9
_Number = Annotated[int, Path(ge=1, le=_MOST)]
_Code = Annotated[str, Field(max_length=20)]
_Note = Annotated[str | None, Field(max_length=400)]
_Name = Annotated[str, Field(max_length=100)]


class ProposalBody(RequestBody):
    """A version of a tariff. name: of a new tariff; valid_from: null for when it is approved;
    rules: see docs/tariffs.md."""

    name: _Name | None = None
    valid_from: Annotated[AwareDatetime | None, Field(strict=False)] = None
    note: _Note = None
    rules: dict[str, Any]


class DecisionBody(RequestBody):
    """A note on a decision."""

    note: _Note = None


class AssignmentBody(RequestBody):
    """The tariff of a meter."""

    tariff: _Code


class PreviewBody(RequestBody):
    """An amount of money or of kWh; for a meter, or a new one; by a tariff's version in effect, or
    by any version."""

    money: Money | None = None
    kwh: Kwh | None = None
    drn: Drn | None = None
    tariff: _Code | None = None
    version: Annotated[Whole | None, Field(ge=1, le=_MOST)] = None


@dataclass(frozen=True)
class MeterTariffView:
    """The tariff of a meter from now on."""

    drn: str
    tariff: str


def add_routes(api: APIRouter, station: Station) -> None:
    """Add the routes of tariffs."""
    _add_tariffs(api, station)
    _add_decisions(api, station)


def _add_tariffs(api: APIRouter, station: Station) -> None:
    @api.get("/tariffs")
    def get_tariffs() -> Page[TariffView]:
        """Return all tariffs with their versions."""
        with station.view() as view:
            return Page(views.tariffs(view, station.clock()), None)

    @api.post("/tariffs:preview")
    def post_preview(body: PreviewBody) -> PriceView:
        """Return what an amount would buy, line by line, without selling."""
        if (body.money is None) == (body.kwh is None):
            raise reason("amount_invalid", "Give an amount of money or of kWh.")
        with station.view() as view:
            tenths = None if body.kwh is None else typed.tenths(body.kwh)
            found = views.preview(
                view,
                station.clock(),
                minor(view, body.money),
                tenths,
                body.drn,
                body.tariff,
                body.version,
            )
            return views.price_view(found)

    @api.get("/tariffs/{tariff}")
    def get_tariff(tariff: str) -> TariffView:
        """Return a tariff with its versions, newest first."""
        with station.view() as view:
            return views.find_tariff(view, tariff, station.clock())

    @api.get("/tariffs/{tariff}/versions/{version}")
    def get_version(tariff: str, version: _Number) -> VersionView:
        """Return a version of a tariff."""
        with station.view() as view:
            return views.find_version(view, tariff, version)

    @api.post("/tariffs/{tariff}/versions", status_code=201)
    def post_version(tariff: str, body: ProposalBody) -> VersionView:
        """Propose a version, to be approved by another person."""
        rules = stored.from_document(body.rules)
        with station.work(actor()) as work:
            version = versions.propose(work, tariff, rules, body.valid_from, body.name, body.note)
            return views.find_version(work, tariff, version)


def _add_decisions(api: APIRouter, station: Station) -> None:
    @api.post("/tariffs/{tariff}/versions/{version}:approve")
    def post_approve(tariff: str, version: _Number, body: DecisionBody) -> VersionView:
        """Approve a version that another person proposed."""
        with station.work(actor()) as work:
            versions.approve(work, tariff, version, body.note)
            return views.find_version(work, tariff, version)

    @api.post("/tariffs/{tariff}/versions/{version}:reject")
    def post_reject(tariff: str, version: _Number, body: DecisionBody) -> VersionView:
        """Reject a version that another person proposed."""
        with station.work(actor()) as work:
            versions.reject(work, tariff, version, body.note)
            return views.find_version(work, tariff, version)

    @api.post("/tariffs/{tariff}/versions/{version}:withdraw")
    def post_withdraw(tariff: str, version: _Number) -> VersionView:
        """Withdraw one's own proposal."""
        with station.work(actor()) as work:
            versions.withdraw(work, tariff, version)
            return views.find_version(work, tariff, version)

    @api.put("/meters/{drn}/tariff")
    def put_meter_tariff(drn: str, body: AssignmentBody) -> MeterTariffView:
        """Give a meter a tariff from now on."""
        with station.work(actor()) as work:
            return MeterTariffView(assignment.assign(work, drn, body.tariff), body.tariff)
