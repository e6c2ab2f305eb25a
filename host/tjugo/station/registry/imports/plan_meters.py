"""The meters of an import, with their tariffs and links."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from tjugo import drn as drn_numbers
from tjugo.errors import TjugoError
from tjugo.key_register import FIELDS as REGISTER
from tjugo.station.registry import meters
from tjugo.station.registry.imports.fields import FIELDS, METER
from tjugo.station.registry.imports.planned import NewLink, NewMeter, Part, Shared
from tjugo.station.registry.imports.rows import Row
from tjugo.station.registry.status import REMOVED

_MOMENT = timedelta(microseconds=1)
_OF_METER = [name for name, f in FIELDS.items() if f.group == METER and name != "drn"]


class Meters(Part):
    """Plans meters, tariffs and links."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self._checked: set[tuple[Any, ...]] = set()  # registers that the key store takes
        self._ends: dict[str, list[tuple[datetime, datetime | None, int]]] = {}

    def of_row(self, row: Row) -> str | None:
        """Return the meter that a row names or makes; None where it has none, or a problem."""
        readings: tuple[str, ...] = row.get("drn") or ()
        given = {name: row.get(name) for name in _OF_METER if row.get(name) is not None}
        if not readings:
            if given and not row.problems:
                self._wrong(row, "The row has data of a meter, but no meter number.")
            return None
        known, new = self._known.meters, self._plan.meters
        drn = next((d for d in readings if d in known or d in new), readings[0])
        if drn in known:
            self._same(row, drn, known[drn].values, given)
        elif drn in new:
            config = new[drn].config
            values = {**vars(config), "status": new[drn].status}
            values["collector"] = config.collector_id
            self._same(row, drn, values, given, f" in row {self._defined['meter', drn]}")
        elif not given and not row.get("name") and (row.get("since") or row.get("account_no")):
            self._wrong(row, f"Meter {drn} is not registered here.")
            return None
        else:
            self._new_meter(row, drn, given)
        self._tariff(row, drn)
        return None if row.number in self._plan.problems else drn

    def _same(
        self, row: Row, drn: str, found: dict[str, Any], given: dict[str, Any], where: str = ""
    ) -> None:
        differing = [n for n in given if n in found and found[n] != given[n]]
        if not differing:
            return
        if self._update and not where and set(differing) <= {"status", "collector"}:
            changed = {name: given[name] for name in differing}
            if "collector" in changed and not self._can_serve(row, changed["collector"]):
                return
            found |= changed
            self._plan.meter_changes.setdefault(drn, {}).update(changed)
            return
        titles = ", ".join(FIELDS[name].title for name in differing)
        already = where or " already"
        self._wrong(row, f"Meter {drn} is registered{already} with another {titles}.")

    def _can_serve(self, row: Row, collector: str) -> bool:
        try:
            meters.check_collector_id(collector)
        except TjugoError as error:
            self._wrong(row, error.message)
            return False
        return True

    def _new_meter(self, row: Row, drn: str, given: dict[str, Any]) -> None:
        names = (*REGISTER, "tct", "counts")
        register = {name: given[name] for name in names if name in given}
        try:
            config = meters.with_defaults(
                self._shared.backend, drn, collector_id=given.get("collector"), **register
            )
            meters.check_values(drn, config)
            self._check_register(config)
        except TjugoError as error:
            self._wrong(row, error.message)
            return
        for twin in drn_numbers.twins(drn):
            if twin in self._known.meters or twin in self._plan.meters:
                self._wrong(row, f"Meter {drn} differs from meter {twin} by leading zeros only.")
                return
        status = given.get("status") or "installed"
        registered = row.get("meter_registered") or self._now
        self._plan.meters[drn] = NewMeter(replace(config, drn=drn), status, registered)
        self._defined["meter", drn] = row.number

    def _check_register(self, config: meters.NewMeter) -> None:
        key = tuple(config.register().values())
        if key not in self._checked:
            self._shared.backend.check_register(config)
            self._checked.add(key)

    def _tariff(self, row: Row, drn: str) -> None:
        tariff = row.get("tariff")
        if tariff is None:
            return
        known = self._known.meters.get(drn)
        present = self._plan.tariffs.get(drn) or (known.tariff if known else None)
        new = self._plan.meters.get(drn)
        counts = new.config.counts if new else known.values["counts"] if known else None
        if tariff not in self._known.tariffs:
            self._wrong(row, f"There is no tariff {tariff[:20]}.")
        elif counts not in (None, self._known.tariffs[tariff]):
            other = self._known.tariffs[tariff]
            self._wrong(row, f"Meter {drn} counts {counts}; tariff {tariff} is for {other}.")
        elif present is None:
            self._plan.tariffs[drn] = tariff
        elif present != tariff:
            self._wrong(row, f"Meter {drn} has the tariff {present} already.")

    def link(self, row: Row, drn: str, account_no: str) -> None:
        """Plan the link of a row."""
        place, site, until = row.get("service_point"), row.get("site"), row.get("until")
        known = self._known.meters.get(drn)
        if site is not None and site not in self._known.sites and site not in self._plan.sites:
            self._wrong(row, f"There is no site {site[:40]}.")
            return
        present = known.link if known else None
        if until is None and present is not None:
            wanted = (account_no, place or present[1], site or present[2])
            if wanted == present:
                return
            if not self._update:
                self._wrong(row, f"Meter {drn} serves account {present[0]} already.")
                return
            place, site = wanted[1:]
        new = self._plan.meters.get(drn)
        status = new.status if new else known.values["status"] if known else None
        if until is None and status == REMOVED:
            self._wrong(row, f"Meter {drn} is retired: it serves nobody.")
            return
        since = row.get("since") or self._now
        last = None if known is None else known.last
        if row.get("since") is None and last is not None:
            since = max(since, last + _MOMENT)
        if last is not None and since < last:
            self._wrong(row, f"Meter {drn} has a later link already, of {last:%Y-%m-%d}.")
        elif until is not None and until <= since:
            self._wrong(row, "Until is not later than since.")
        else:
            self._ends.setdefault(drn, []).append((since, until, row.number))
            ends = until is None and present is not None
            self._plan.links.append(NewLink(drn, account_no, since, until, place, site, ends))

    def check_periods(self) -> None:
        """Find links of one meter that overlap."""
        for drn in self._ends:
            self._check_periods(drn)

    def _check_periods(self, drn: str) -> None:
        periods = sorted(self._ends[drn], key=lambda period: (period[0], period[2]))
        for (_, until, first), (since, _, second) in pairwise(periods):
            if until is None or until > since:
                later, other = max(first, second), min(first, second)
                words = f"Meter {drn} serves another account at that time in row {other}."
                self._plan.problems.setdefault(later, []).append(words)
