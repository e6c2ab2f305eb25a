"""Sites: the places of the network as a tree, from the region to the service point."""

import re
from dataclasses import dataclass

from sqlalchemy import func, select

from tjugo.errors import reason
from tjugo.station.registry import record
from tjugo.station.storage.paging import LIMIT, Page, bounded, checked, contains, page
from tjugo.station.storage.tables import SITE_KINDS, ServiceLink, Site
from tjugo.station.work import View, Work

SITE = r"[A-Za-z0-9_.-]{1,40}"
_NAME_LENGTH = 200


@dataclass(frozen=True)
class SiteView:
    """A site. path: the sites above it, from the region on; meters: how many are there now, at the
    site itself; sites: how many are directly below."""

    site: str
    kind: str
    name: str | None
    parent: str | None
    path: list[str]
    meters: int
    sites: int


def add_site(
    work: Work, site: str, kind: str, name: str | None = None, parent: str | None = None
) -> None:
    """Register a site. kind: one of SITE_KINDS; parent: a site of an earlier kind, or None. Raise
    TjugoError."""
    site = check_site(site, kind)
    if work.session.get(Site, (work.tenant_id, site)) is not None:
        raise reason("site_exists", f"Site {site} is registered already.")
    above = known_site(work, parent) if parent else None
    check_order(site, kind, None if above is None else above.kind)
    work.session.add(
        Site(
            tenant_id=work.tenant_id,
            site=site,
            kind=kind,
            name=checked_name(name),
            parent=None if above is None else above.site,
            created_at=work.now(),
        )
    )
    work.session.flush()
    record.changed(work, record.METER, f"site {site}", f"registered {kind}")


def update_site(
    work: Work,
    site: str,
    name: str | None = None,
    parent: str | None = None,
) -> None:
    """Change name or parent; None: unchanged; empty: removed. Raise TjugoError."""
    row = known_site(work, site)
    if name is not None:
        row.name = checked_name(name)
    if parent is not None:
        above = known_site(work, parent) if parent.strip() else None
        check_order(row.site, row.kind, None if above is None else above.kind)
        row.parent = None if above is None else above.site
    work.session.flush()
    record.changed(work, record.METER, f"site {row.site}", "changed")


def remove_site(work: Work, site: str) -> None:
    """Remove a site without sites below it, where no meter is or was. Raise TjugoError."""
    row = known_site(work, site)
    below = select(Site.site).where(Site.tenant_id == work.tenant_id, Site.parent == row.site)
    links = select(ServiceLink.drn).where(
        ServiceLink.tenant_id == work.tenant_id, ServiceLink.site == row.site
    )
    first = work.session.scalar(below.limit(1))
    if first is not None:
        raise reason("site_in_use", f"Site {first} is below site {row.site}.")
    drn = work.session.scalar(links.limit(1))
    if drn is not None:
        raise reason("site_in_use", f"Meter {drn} is or was at site {row.site}, which is kept.")
    work.session.delete(row)
    work.session.flush()
    record.changed(work, record.METER, f"site {row.site}", "removed")


def known_site(view: View, site: str) -> Site:
    """Return the row of a site. Raise NotFound."""
    row = view.session.get(Site, (view.tenant_id, site.strip()))
    if row is None:
        raise reason("site_unknown", f"There is no site {site.strip()[:40]}.")
    return row


def check_site(site: str, kind: str) -> str:
    """Return a new site's code, trimmed. Raise TjugoError."""
    site = site.strip()
    if not re.fullmatch(SITE, site, re.A):
        raise reason(
            "site_invalid",
            "A site's code is up to 40 letters, digits, dots, hyphens and underscores, not "
            f"{site[:50]!r}.",
        )
    if kind not in SITE_KINDS:
        raise reason(
            "site_invalid", f"Site {site} is one of {', '.join(SITE_KINDS)}; not {kind[:40]!r}."
        )
    return site


def check_order(site: str, kind: str, above: str | None) -> None:
    """Raise TjugoError unless a site of this kind can be below one of the kind `above` (None: at
    the top). The order of kinds also keeps the tree free of circles."""
    if above is not None and SITE_KINDS.index(above) >= SITE_KINDS.index(kind):
        raise reason("site_invalid", f"Site {site} is a {kind}, which cannot be below a {above}.")


def checked_name(name: str | None) -> str | None:
    """Return a site's name, trimmed; empty becomes None. Raise TjugoError."""
    text = (name or "").strip() or None
    if text is not None and (len(text) > _NAME_LENGTH or not text.isprintable()):
        raise reason(
            "site_invalid",
            f"A site's name is up to {_NAME_LENGTH} characters that can be printed.",
        )
    return text


def sites(
    view: View,
    search: str = "",
    parent: str | None = None,
    after: str | None = None,
    limit: int = LIMIT,
) -> Page[SiteView]:
    """Return sites by code. search: part of code or name; parent: only those directly below it,
    "" those at the top. Raise TjugoError when `after` is no site's code."""
    limit = bounded(limit)
    query = select(Site).where(Site.tenant_id == view.tenant_id)
    if search:
        query = query.where(contains(search, Site.site, Site.name))
    if parent is not None:
        query = query.where(Site.parent == parent if parent else Site.parent.is_(None))
    if after is not None:
        query = query.where(Site.site > checked(after, SITE))
    rows = view.session.scalars(query.order_by(Site.site).limit(limit + 1)).all()
    found = page(rows, limit, lambda row: str(row.site))
    return Page([site_view(view, row) for row in found.items], found.next)


def site_view(view: View, row: Site) -> SiteView:
    """Return a site as it is shown."""
    path: list[str] = []
    above = row.parent
    while above is not None:
        path.insert(0, above)
        above = view.session.get_one(Site, (view.tenant_id, above)).parent
    links = select(func.count()).where(
        ServiceLink.tenant_id == view.tenant_id,
        ServiceLink.site == row.site,
        ServiceLink.until.is_(None),
    )
    below = select(func.count()).where(Site.tenant_id == view.tenant_id, Site.parent == row.site)
    return SiteView(
        site=row.site,
        kind=row.kind,
        name=row.name,
        parent=row.parent,
        path=path,
        meters=view.session.scalar(links) or 0,
        sites=view.session.scalar(below) or 0,
    )
