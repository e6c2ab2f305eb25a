"""What an import will write, checked row by row against the station and the other rows."""

from datetime import datetime
from typing import Any

from tjugo.errors import TjugoError
from tjugo.station.keys.backend import TokenBackend
from tjugo.station.registry import sites
from tjugo.station.registry.imports.known import Known
from tjugo.station.registry.imports.plan_customers import Customers
from tjugo.station.registry.imports.plan_meters import Meters
from tjugo.station.registry.imports.planned import Part, Plan, Shared
from tjugo.station.registry.imports.rows import Row
from tjugo.station.storage.tables import SITE_KINDS


def plan(
    rows: list[Row], known: Known, backend: TokenBackend, now: datetime, update: bool
) -> Plan:
    """Return what the rows ask for, and the problems of each row. update: data that differ from
    the station's are changed; otherwise they are problems."""
    accounts = {row.get("account_no") for row in rows}
    return _Planner(Shared(known, backend, now, update, accounts)).run(rows)


class _Planner(Part):
    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self._customers, self._meters = Customers(shared), Meters(shared)

    def run(self, rows: list[Row]) -> Plan:
        of_kind = {kind: place for place, kind in enumerate(SITE_KINDS)}
        # A site's parent is of an earlier kind: in this order it is there first.
        kinds = sorted(
            (row for row in rows if row.get("site_kind")),
            key=lambda r: of_kind[r.get("site_kind")],
        )
        self._kinds = {row.get("site"): row.get("site_kind") for row in kinds}
        for step, given in ((self._site, kinds), (self._row, rows)):
            for row in given:
                step(row)
        self._meters.check_periods()
        return self._plan

    def _site(self, row: Row) -> None:
        site, kind, above = row.get("site"), row.get("site_kind"), row.get("site_parent")
        if site is None:
            if "site" not in row.unread:
                self._wrong(row, "A kind of site needs the site's code in the column site.")
            return
        wanted = (kind, row.get("site_name"), above)
        found = self._known.sites.get(site) or self._plan.sites.get(site)
        if found is not None:
            if found != wanted:
                self._wrong(row, f"Site {site} is registered already with other data.")
            return
        try:
            sites.check_site(site, kind)
            found = self._known.sites.get(above) or self._plan.sites.get(above)
            sites.check_order(site, kind, found[0] if found else self._kinds.get(above))
            if above is not None and found is None:
                raise TjugoError(f"There is no site {above[:40]}.")
            self._plan.sites[site] = wanted
        except TjugoError as error:
            self._wrong(row, error.message)

    def _row(self, row: Row) -> None:
        plan = self._plan
        before = self._size()
        account_no = self._customers.of_row(row)
        drn = self._meters.of_row(row)
        if drn is not None and account_no is not None:
            self._meters.link(row, drn, account_no)
        elif row.unread & {"drn", "account_no", "name"} or row.number in plan.problems:
            pass  # the row has a meter or an account that is wrong
        elif row.get("service_point") or (row.get("site") and not row.get("site_kind")):
            self._wrong(row, "A service point or site needs a meter and an account in its row.")
        self._customers.money(row, account_no)
        if row.number not in plan.problems and self._size() == before:
            plan.unchanged += not row.get("site_kind")

    def _size(self) -> int:
        plan = self._plan
        by_key: tuple[dict[str, Any], ...] = (
            *(plan.customers, plan.changes, plan.meters, plan.meter_changes),
            *(plan.tariffs, plan.credits),
        )
        return sum(map(len, by_key)) + len(plan.links) + len(plan.debts)
