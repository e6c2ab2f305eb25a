"""What an import will write, checked row by row against the station and the other rows."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from tjugo import drn as drn_numbers
from tjugo.errors import TjugoError
from tjugo.key_register import FIELDS as REGISTER
from tjugo.station.keys.backend import TokenBackend
from tjugo.station.registry import customers, meters, sites
from tjugo.station.registry.imports.fields import CUSTOMER, FIELDS, METER
from tjugo.station.registry.imports.known import Known
from tjugo.station.registry.imports.rows import Row
from tjugo.station.registry.status import REMOVED
from tjugo.station.storage.tables import SITE_KINDS

_MOMENT = timedelta(microseconds=1)
_PRIORITY = 100
_OF_METER = [name for name, f in FIELDS.items() if f.group == METER and name != "drn"]
_OF_CUSTOMER = [name for name, f in FIELDS.items() if name in customers.FIELDS]
assert all(FIELDS[name].group == CUSTOMER for name in _OF_CUSTOMER)


@dataclass
class NewMeter:
    """A meter to be registered."""

    config: meters.NewMeter
    status: str
    registered: datetime


@dataclass
class NewLink:
    """A link to be made; until None: it serves the customer now. ends: a present link is ended."""

    drn: str
    account_no: str
    since: datetime
    until: datetime | None
    service_point: str | None
    site: str | None
    ends: bool = False


@dataclass
class NewDebt:
    """A debt to be opened; balance, least and most in minor units."""

    account_no: str
    debt_no: int
    balance: int
    rule: str
    rate: int
    name: str
    kind: str
    least: int
    most: int | None
    priority: int


@dataclass
class Plan:
    """What will be written. unchanged: how many rows ask for nothing new; read_as: numbers that
    were repaired, a sentence each by row."""

    sites: dict[str, tuple[str, str | None, str | None]] = field(default_factory=dict)
    customers: dict[str, dict[str, Any]] = field(default_factory=dict)
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    meters: dict[str, NewMeter] = field(default_factory=dict)
    meter_changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    links: list[NewLink] = field(default_factory=list)
    tariffs: dict[str, str] = field(default_factory=dict)
    debts: list[NewDebt] = field(default_factory=list)
    credits: dict[str, int] = field(default_factory=dict)
    unchanged: int = 0
    read_as: list[tuple[int, str]] = field(default_factory=list)
    problems: dict[int, list[str]] = field(default_factory=dict)


def plan(
    rows: list[Row], known: Known, backend: TokenBackend, now: datetime, update: bool
) -> Plan:
    """Return what the rows ask for, and the problems of each row. update: data that differ from
    the station's are changed; otherwise they are problems."""
    return _Planner(known, backend, now, update).run(rows)


class _Planner:
    def __init__(self, known: Known, backend: TokenBackend, now: datetime, update: bool) -> None:
        self._known = known
        self._backend = backend
        self._now = now
        self._update = update
        self._plan = Plan()
        self._defined: dict[tuple[str, str], int] = {}  # the row that first gives an object
        self._checked: dict[tuple[Any, ...], bool] = {}  # registers that the key store takes
        self._next = known.last_account + 1
        self._ends: dict[str, list[tuple[datetime, datetime | None, int]]] = {}

    def run(self, rows: list[Row]) -> Plan:
        of_kind = {kind: place for place, kind in enumerate(SITE_KINDS)}
        self._given = {row.get("account_no") for row in rows}
        self._drns = {drn for row in rows for drn in (row.get("drn") or ())[:1]}
        # A site's parent is of an earlier kind: in this order it is there first.
        kinds = sorted(
            (row for row in rows if row.get("site_kind")),
            key=lambda r: of_kind[r.get("site_kind")],
        )
        self._kinds = {row.get("site"): row.get("site_kind") for row in kinds}
        for step, given in ((self._site, kinds), (self._row, rows)):
            for row in given:
                step(row)
        for drn in self._ends:
            self._check_periods(drn)
        return self._plan

    def _wrong(self, row: Row, sentence: str) -> None:
        self._plan.problems.setdefault(row.number, []).append(sentence)

    def _site(self, row: Row) -> None:
        site, kind, above = row.get("site"), row.get("site_kind"), row.get("site_parent")
        if site is None:
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
        account_no = self._customer(row)
        drn = self._meter(row)
        if drn is not None and account_no is not None:
            self._link(row, drn, account_no)
        elif row.get("service_point") or (row.get("site") and not row.get("site_kind")):
            self._wrong(row, "A service point or site needs a meter and an account in its row.")
        self._money(row, account_no)
        if row.number not in plan.problems and self._size() == before:
            plan.unchanged += not row.get("site_kind")

    def _size(self) -> int:
        plan = self._plan
        lists = (plan.customers, plan.changes, plan.meters, plan.meter_changes, plan.links)
        return sum(map(len, (*lists, plan.tariffs, plan.debts, plan.credits)))

    def _customer(self, row: Row) -> str | None:
        """Return the account that a row names or makes; None where it has none, or a problem."""
        account_no = self._account(row)
        given = {name: row.get(name) for name in _OF_CUSTOMER if row.get(name) is not None}
        if account_no is None and not given:
            return None
        if account_no is None:
            if "name" not in given:
                self._wrong(row, "A customer needs a name or an account number.")
                return None
            account_no = self._free_account()
        found = self._known.customers.get(account_no)
        if found is not None:
            self._existing(row, account_no, found, given)
            return account_no
        new = self._plan.customers.get(account_no)
        if new is not None:
            differing = [n for n, value in given.items() if new.get(n) not in (None, value)]
            if differing:
                first = self._defined["account", account_no]
                titles = ", ".join(FIELDS[name].title for name in differing)
                self._wrong(row, f"Account {account_no} has another {titles} in row {first}.")
            else:
                new |= given
            return account_no
        if "name" not in given:
            if not row.problems:
                words = f"There is no account {account_no}, and the row has no name for it."
                self._wrong(row, words)
            return None
        registered = row.get("registered") or self._now
        self._plan.customers[account_no] = {**given, "created_at": registered}
        self._defined["account", account_no] = row.number
        return account_no

    def _account(self, row: Row) -> str | None:
        """Return the account number of a row, with its lost leading zeros."""
        account_no: str | None = row.get("account_no")
        known = self._known
        if account_no is None or account_no in known.customers or row.get("name"):
            return account_no
        if account_no in self._plan.customers or not account_no.isdecimal():
            return account_no
        full = known.accounts.get(account_no.lstrip("0"), set())
        if len(full) == 1:
            (found,) = full
            self._plan.read_as.append((row.number, f"Account {account_no} is read as {found}."))
            return found
        return account_no

    def _free_account(self) -> str:
        while (number := customers.numbered_account(self._next)) in self._given:
            self._next += 1
        self._next += 1
        return number

    def _existing(
        self, row: Row, account_no: str, found: dict[str, Any], given: dict[str, Any]
    ) -> None:
        changed = {name: value for name, value in given.items() if found[name] != value}
        if changed and self._update:
            found |= changed
            self._plan.changes.setdefault(account_no, {}).update(changed)
        elif changed:
            titles = ", ".join(FIELDS[name].title for name in changed)
            self._wrong(row, f"Account {account_no} is registered already with another {titles}.")

    def _meter(self, row: Row) -> str | None:
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
            found |= changed
            self._plan.meter_changes.setdefault(drn, {}).update(changed)
            return
        titles = ", ".join(FIELDS[name].title for name in differing)
        already = where or " already"
        self._wrong(row, f"Meter {drn} is registered{already} with another {titles}.")

    def _new_meter(self, row: Row, drn: str, given: dict[str, Any]) -> None:
        register = {name: given[name] for name in (*REGISTER, "tct") if name in given}
        try:
            config = meters.with_defaults(
                self._backend, drn, collector_id=given.get("collector"), **register
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
            self._backend.check_register(config)
            self._checked[key] = True

    def _tariff(self, row: Row, drn: str) -> None:
        tariff = row.get("tariff")
        if tariff is None:
            return
        known = self._known.meters.get(drn)
        present = self._plan.tariffs.get(drn) or (known.tariff if known else None)
        if tariff not in self._known.tariffs:
            self._wrong(row, f"There is no tariff {tariff[:20]}.")
        elif present is None:
            self._plan.tariffs[drn] = tariff
        elif present != tariff:
            self._wrong(row, f"Meter {drn} has the tariff {present} already.")

    def _link(self, row: Row, drn: str, account_no: str) -> None:
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

    def _check_periods(self, drn: str) -> None:
        """Find links of one meter that overlap."""
        periods = sorted(self._ends[drn], key=lambda period: (period[0], period[2]))
        for (_, until, first), (since, _, second) in pairwise(periods):
            if until is None or until > since:
                later, other = max(first, second), min(first, second)
                words = f"Meter {drn} serves another account at that time in row {other}."
                self._plan.problems.setdefault(later, []).append(words)

    def _money(self, row: Row, account_no: str | None) -> None:
        debt, credit = row.get("debt") or 0, row.get("credit") or 0
        if account_no is None:
            if (debt or credit) and not row.problems and row.number not in self._plan.problems:
                self._wrong(row, "A debt or credit needs an account in its row.")
            return
        if debt:
            recovery = row.get("debt_recovery")
            if recovery is None:
                self._wrong(
                    row,
                    "How the debt is recovered is missing: such as 20% or an amount of each sale, "
                    "in the column debt recovery.",
                )
                return
            self._debt(row, account_no, recovery)
        if credit:
            if account_no in self._known.credits or account_no in self._plan.credits:
                self._wrong(row, f"Account {account_no} has an opening credit already.")
            else:
                self._plan.credits[account_no] = credit

    def _debt(self, row: Row, account_no: str, recovery: tuple[str, int]) -> None:
        debts = self._known.debts.setdefault(account_no, {})
        name = (row.get("debt_name") or "Opening balance")[:100]
        number = row.get("debt_no")
        # Without its number a debt is the same as another one of its name: a file that is imported
        # again does not double what a customer owes.
        if number in debts or (number is None and name in debts.values()):
            self._wrong(row, f"Account {account_no} has the debt {name!r} already.")
            return
        number = number or max(debts, default=0) + 1
        debts[number] = name
        self._plan.debts.append(
            NewDebt(
                account_no=account_no,
                debt_no=number,
                balance=row.get("debt"),
                rule=recovery[0],
                rate=recovery[1],
                name=name,
                kind=row.get("debt_kind") or "arrears",
                least=row.get("debt_least") or 0,
                most=row.get("debt_most"),
                priority=row.get("debt_priority") or _PRIORITY,
            )
        )
