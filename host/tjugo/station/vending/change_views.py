"""Data about key changes for pages, commands and the API."""

from dataclasses import dataclass

from sqlalchemy import case, func, select

from tjugo.errors import reason
from tjugo.station.storage.moments import iso
from tjugo.station.storage.paging import LIMIT, Page, bounded, checked, contains, page
from tjugo.station.storage.tables import KEY_CHANGE_STATES, KeyChange
from tjugo.station.vending import targets
from tjugo.station.vending.set_views import SetView, set_views
from tjugo.station.work import View

_PLACE = "[0-9]{11,13}~[0-9]{1,9}"


@dataclass(frozen=True)
class ChangeView:
    """A key change for JSON. target: the new key register by field; replaced: the former one, from
    the issue of the tokens on; times ISO 8601 in UTC. delivery: by the meter's collector, null
    where the customer enters the tokens."""

    drn: str
    number: int
    state: str
    campaign: str | None
    target: dict[str, int | str]
    replaced: dict[str, int | str] | None
    planned_by: str
    planned_at: str
    issued_at: str | None
    client: str | None
    client_id: str | None
    decided_at: str | None
    decided_by: str | None
    delivery: SetView | None


@dataclass(frozen=True)
class CampaignView:
    """The progress of a campaign: meters by state of their key change. total: without those
    cancelled."""

    campaign: str
    planned: int
    issued: int
    confirmed: int
    cancelled: int
    total: int
    began_at: str


def changes(
    view: View,
    state: str | None = None,
    campaign: str | None = None,
    search: str = "",
    after: str | None = None,
    limit: int = LIMIT,
) -> Page[ChangeView]:
    """Return key changes by DRN, the newest first of each meter. Raise TjugoError for an unknown
    state, or when `after` is not the `next` of an earlier page."""
    limit = bounded(limit)
    if state is not None and state not in KEY_CHANGE_STATES:
        raise reason(
            "campaign_invalid", f"A key change is {', '.join(KEY_CHANGE_STATES)}; not {state!r}."
        )
    row = KeyChange
    query = select(row).where(row.tenant_id == view.tenant_id)
    query = query if state is None else query.where(row.state == state)
    query = query if campaign is None else query.where(row.campaign == campaign)
    query = query.where(contains(search, row.drn, row.campaign)) if search else query
    if after is not None:
        drn, _, number = checked(after, _PLACE).partition("~")
        query = query.where((row.drn > drn) | ((row.drn == drn) & (row.number < int(number))))
    query = query.order_by(row.drn, row.number.desc()).limit(limit + 1)
    found = page(view.session.scalars(query).all(), limit, lambda r: f"{r.drn}~{r.number}")
    sets = set_views(view, found.items)
    shown = [_change_view(row, sets.get((row.client, row.client_id))) for row in found.items]
    return Page(shown, found.next)


def _change_view(row: KeyChange, delivery: SetView | None) -> ChangeView:
    same = ("drn", "number", "state", "campaign", "planned_by", "client", "client_id")
    return ChangeView(
        **{name: getattr(row, name) for name in same},
        target=targets.from_text(row.target).register(),
        replaced=None if row.replaced is None else targets.from_text(row.replaced).register(),
        planned_at=iso(row.planned_at) or "",
        issued_at=iso(row.issued_at),
        decided_at=iso(row.decided_at),
        decided_by=row.decided_by,
        delivery=delivery,
    )


def campaigns(view: View) -> list[CampaignView]:
    """Return all campaigns with their progress, the newest first."""
    counts = [func.sum(case((KeyChange.state == name, 1), else_=0)) for name in KEY_CHANGE_STATES]
    began = func.min(KeyChange.planned_at)
    query = (
        select(KeyChange.campaign, began, *counts)
        .where(KeyChange.tenant_id == view.tenant_id, KeyChange.campaign.is_not(None))
        .group_by(KeyChange.campaign)
        .order_by(began.desc())
    )
    return [
        CampaignView(
            campaign=str(name),
            **dict(zip(KEY_CHANGE_STATES, map(int, numbers), strict=True)),
            total=sum(map(int, numbers[:3])),
            began_at=iso(at) or "",
        )
        for name, at, *numbers in view.session.execute(query)
    ]


def campaign(view: View, name: str) -> CampaignView:
    """Return one campaign. Raise NotFound."""
    found = next((one for one in campaigns(view) if one.campaign == name), None)
    if found is None:
        raise reason("campaign_unknown", f"There is no campaign {name[:40]}.")
    return found
