"""Meters over /api/v1/meters."""

from dataclasses import asdict, fields
from typing import Annotated, Any, Literal, get_type_hints

from fastapi import APIRouter
from pydantic import BaseModel, Field, create_model

from tjugo.errors import reason
from tjugo.station.registry import customers, meters, replace, views
from tjugo.station.registry.views import MeterView
from tjugo.station.station import Station
from tjugo.station.vending.expiry import of_meter
from tjugo.web.api.fields import (
    DEFAULT_LIMIT,
    After,
    Drn,
    Limit,
    RequestBody,
    Search,
    Whole,
)
from tjugo.web.api.readings import Reading
from tjugo.web.api.register import RegisterBody
from tjugo.web.current import actor
from uplink import descriptions

_PLACE = ("service_point", "site")
_HINTS: dict[str, Any] = {**get_type_hints(MeterView), "reading": Reading | None}
_FIELDS: dict[str, Any] = {field.name: (_HINTS[field.name], ...) for field in fields(MeterView)}
Meter = create_model("Meter", **_FIELDS)


class NewlyAdded(Meter):  # type: ignore[valid-type, misc]
    """A meter that was registered. warning: that it needs a key change now or soon."""

    warning: str | None


class Meters(BaseModel):
    """A page of the list of meters."""

    items: list[Meter]  # type: ignore[valid-type]
    next: str | None = Field(description="What to give as `after` for the next part.")


# The station says what is wrong with a name in a sentence, and accepts one that is stored already.
_Collector = Annotated[str, Field(json_schema_extra={"pattern": descriptions.ID_PATTERN})]


class MeterBody(RegisterBody):
    """A meter and its key register. DKGA, base date and KEN default to those of the vending
    key; counts: energy unless it is given."""

    drn: Drn
    tct: Whole | None = None
    counts: Literal["energy", "money"] | None = None
    collector_id: _Collector | None = None
    account_no: str | None = None
    service_point: str | None = None
    site: str | None = None


class MeterPatch(RequestBody):
    """The fields of a meter that may be changed; collector_id or account_no null: none serves
    it, or it serves nobody. reason: why the status is changed. counts: before credit was issued
    for it."""

    status: str | None = None
    reason: str | None = None
    counts: Literal["energy", "money"] | None = None
    collector_id: _Collector | None = None
    account_no: str | None = None
    service_point: str | None = None
    site: str | None = None


class Replacement(RequestBody):
    """The registered meter that takes the place of another one, and why."""

    drn: Drn
    reason: str


def add_routes(api: APIRouter, station: Station) -> None:
    """Add the routes of meters."""

    @api.get("/meters", response_model=Meters)
    def get_meters(
        search: Search = "",
        after: After = None,
        limit: Limit = DEFAULT_LIMIT,
        alarm: bool = False,
    ) -> dict[str, Any]:
        """Return meters by DRN, each with its latest reading. alarm: only those with an alarm."""
        with station.view() as view:
            return asdict(views.meters(view, search, after, limit, alarm))

    @api.get("/meters/{drn}", response_model=Meter)
    def get_meter(drn: str) -> dict[str, Any]:
        """Return one meter."""
        with station.view() as view:
            return asdict(views.find_meter(view, drn))

    @api.post("/meters", status_code=201, response_model=NewlyAdded)
    def post_meter(body: MeterBody) -> dict[str, Any]:
        """Register a meter, and the customer whom it serves."""
        values = body.given()
        account_no = values.pop("account_no", None)
        place = values.pop("service_point", None), values.pop("site", None)
        if account_no is None and place != (None, None):
            raise reason("service_point_invalid", "A service point needs a customer.")
        with station.work(actor()) as work:
            drn = meters.add_meter(work, meters.new_meter(work, **values))
            if account_no is not None:
                customers.link_meter(work, drn, account_no, *place)
            return {**asdict(views.find_meter(work, drn)), "warning": of_meter(work, drn)}

    @api.patch("/meters/{drn}", response_model=Meter)
    def patch_meter(drn: str, body: MeterPatch) -> dict[str, Any]:
        """Change the given fields of a meter, all of them or none."""
        with station.work(actor()) as work:
            if body.status is not None:
                meters.set_status(work, drn, body.status, body.reason)
            if body.counts is not None:
                meters.set_counts(work, drn, body.counts)
            if "collector_id" in body.model_fields_set:
                meters.set_collector(work, drn, body.collector_id)
            given = body.model_fields_set
            place = ((getattr(body, name) or "") if name in given else None for name in _PLACE)
            if body.account_no is not None:
                customers.link_meter(work, drn, body.account_no, *place)
            elif "account_no" in given:
                customers.unlink_meter(work, drn)
            elif given & set(_PLACE):
                customers.set_service_point(work, drn, *place)
            return asdict(views.find_meter(work, drn))

    @api.post("/meters/{drn}/replacement", response_model=Meter)
    def post_replacement(drn: str, body: Replacement) -> dict[str, Any]:
        """Retire a meter and install another one in its place; return the other one."""
        with station.work(actor()) as work:
            replace.replace_meter(work, drn, body.drn, body.reason)
            return asdict(views.find_meter(work, body.drn))
