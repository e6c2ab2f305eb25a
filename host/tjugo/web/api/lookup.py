"""Look-up for selling over /api/v1/lookup, and the sites of the network over /api/v1/sites."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from tjugo.station.registry import find, history, sites
from tjugo.station.registry.find import Found
from tjugo.station.registry.history import MeterHistory
from tjugo.station.registry.sites import SiteView
from tjugo.station.station import Station
from tjugo.station.storage.paging import Page
from tjugo.web.api.fields import DEFAULT_LIMIT, After, Limit, RequestBody, Search
from tjugo.web.current import actor

_Asked = Annotated[
    str,
    Query(
        max_length=200,
        description="A meter, account, phone or id number, or beginnings of words of the name "
        "and the address, in any order.",
        examples=["01000000016", "obi ada"],
    ),
]


class Results(BaseModel):
    """Meters and customers, the best match first."""

    items: list[Found]


class SiteBody(RequestBody):
    """A site. kind: region, substation, feeder, transformer or service_point; parent: the site
    above it."""

    site: str
    kind: str
    name: str | None = None
    parent: str | None = None


class SitePatch(RequestBody):
    """The fields of a site that may be changed; null or empty: removed."""

    name: str | None = None
    parent: str | None = None


class RemovedSite(BaseModel):
    """The code of the removed site."""

    deleted: str


def add_routes(api: APIRouter, station: Station) -> None:
    """Add the look-up, the history of a meter, and the routes of sites."""

    @api.get("/lookup")
    def lookup(q: _Asked, limit: Limit = find.LIMIT) -> Results:
        """Return the meters and customers that a text can mean, exact numbers first."""
        with station.view() as view:
            return Results(items=find.find(view, q, limit))

    @api.get("/meters/{drn}/history")
    def get_history(drn: str) -> MeterHistory:
        """Return whom a meter served, and each status it had."""
        with station.view() as view:
            return history.meter_history(view, drn)

    @api.get("/sites")
    def get_sites(
        search: Search = "",
        parent: Annotated[str | None, Query(max_length=40)] = None,
        after: After = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Page[SiteView]:
        """Return sites by code. parent: only those directly below it; empty: those at the top."""
        with station.view() as view:
            return sites.sites(view, search, parent, after, limit)

    @api.get("/sites/{site}")
    def get_site(site: str) -> SiteView:
        """Return one site."""
        with station.view() as view:
            return sites.site_view(view, sites.known_site(view, site))

    @api.post("/sites", status_code=201)
    def post_site(body: SiteBody) -> SiteView:
        """Register a site."""
        with station.work(actor()) as work:
            sites.add_site(work, body.site, body.kind, body.name, body.parent)
            return sites.site_view(work, sites.known_site(work, body.site))

    @api.patch("/sites/{site}")
    def patch_site(site: str, body: SitePatch) -> SiteView:
        """Change the given fields of a site."""
        changes = {name: text or "" for name, text in body.model_dump(exclude_unset=True).items()}
        with station.work(actor()) as work:
            sites.update_site(work, site, **changes)
            return sites.site_view(work, sites.known_site(work, site))

    @api.delete("/sites/{site}")
    def delete_site(site: str) -> RemovedSite:
        """Remove a site without sites below it, where no meter is or was."""
        with station.work(actor()) as work:
            sites.remove_site(work, site)
        return RemovedSite(deleted=site)
