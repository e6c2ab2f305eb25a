"""What the station already has of what a file names, read in a few queries."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from tjugo.key_register import FIELDS as REGISTER
from tjugo.search_words import NUMBER
from tjugo.station.registry import customers
from tjugo.station.registry.imports.rows import Row
from tjugo.station.storage.chunks import chunks
from tjugo.station.storage.tables import (
    Customer,
    Debt,
    LedgerEntry,
    Meter,
    MeterKeyState,
    MeterTariff,
    SearchWord,
    ServiceLink,
    Site,
    Tariff,
)
from tjugo.station.work import View

OPENING = "opening"
"""The kind of a ledger entry with an opening credit; its ref is the account number."""


@dataclass
class KnownMeter:
    """A registered meter: its columns by field, the customer whom it serves with service point and
    site, when its latest link began or ended, and its tariff."""

    values: dict[str, Any]
    link: tuple[str, str | None, str | None] | None = None
    last: datetime | None = None
    tariff: str | None = None


@dataclass
class Known:
    """What the station has. accounts: full account numbers by those without leading zeros; debts:
    names by account and number; credits: accounts with an opening credit; tariffs: what the meters
    count that they are for."""

    customers: dict[str, dict[str, Any]] = field(default_factory=dict)
    accounts: dict[str, set[str]] = field(default_factory=dict)
    meters: dict[str, KnownMeter] = field(default_factory=dict)
    sites: dict[str, tuple[str, str | None, str | None]] = field(default_factory=dict)
    tariffs: dict[str, str] = field(default_factory=dict)
    debts: dict[str, dict[int, str]] = field(default_factory=dict)
    credits: set[str] = field(default_factory=set)
    last_account: int = 0


def load(view: View, rows: Iterable[Row]) -> Known:
    """Return what the station has of the rows' customers, meters, sites and tariffs."""
    rows = list(rows)
    known = Known(last_account=customers.last_account(view))
    accounts = {row.get("account_no") for row in rows} - {None}
    drns = {drn for row in rows for drn in row.get("drn") or ()}
    places = {row.get(name) for row in rows for name in ("site", "site_parent")} - {None}
    _load_accounts(view, known, accounts)
    _load_meters(view, known, drns)
    for row in _all(view, Site, Site.site, places):
        known.sites[row.site] = (row.kind, row.name, row.parent)
    query = select(Tariff.tariff, Tariff.counts).where(Tariff.tenant_id == view.tenant_id)
    known.tariffs = {row.tariff: row.counts for row in view.session.execute(query)}
    return known


def _all(view: View, table: Any, column: Any, keys: Iterable[str]) -> Iterator[Any]:
    """Return the rows of a table whose column is one of the keys."""
    for part in chunks(sorted(keys)):
        query = select(table).where(table.tenant_id == view.tenant_id, column.in_(part))
        yield from view.session.scalars(query)


def _load_accounts(view: View, known: Known, accounts: set[str]) -> None:
    stripped = {number.lstrip("0") for number in accounts if number.isdecimal()}
    padded: set[str] = set()
    for part in chunks(sorted(stripped)):
        query = select(SearchWord.word, SearchWord.account_no).where(
            SearchWord.tenant_id == view.tenant_id,
            SearchWord.field == NUMBER,
            SearchWord.word.in_(part),
        )
        for word, account_no in view.session.execute(query):
            if account_no.isdecimal() and account_no.lstrip("0") == word:
                known.accounts.setdefault(word, set()).add(account_no)
                padded.add(account_no)
    for row in _all(view, Customer, Customer.account_no, accounts | padded):
        known.customers[row.account_no] = {n: getattr(row, n) for n in customers.FIELDS}
    for part in chunks(sorted(known.customers)):
        debts = select(Debt.account_no, Debt.debt_no, Debt.name).where(
            Debt.tenant_id == view.tenant_id, Debt.account_no.in_(part)
        )
        for account_no, debt_no, name in view.session.execute(debts):
            known.debts.setdefault(account_no, {})[debt_no] = name
        opened = select(LedgerEntry.ref).where(
            LedgerEntry.tenant_id == view.tenant_id,
            LedgerEntry.kind == OPENING,
            LedgerEntry.ref.in_(part),
        )
        known.credits.update(view.session.scalars(opened))


def _load_meters(view: View, known: Known, drns: set[str]) -> None:
    for row in _all(view, Meter, Meter.drn, drns):
        values = {"status": row.status, "collector": row.collector_id, "ea": row.ea}
        known.meters[row.drn] = KnownMeter({**values, "tct": row.tct, "counts": row.counts})
    for state in _all(view, MeterKeyState, MeterKeyState.drn, known.meters):
        if state.phase == "current":
            values = known.meters[state.drn].values
            values |= {name: getattr(state, name) for name in REGISTER if name != "ea"}
            values |= {name: int(values[name]) for name in ("sgc", "ti")}
    for link in _all(view, ServiceLink, ServiceLink.drn, known.meters):
        meter = known.meters[link.drn]
        if link.until is None:
            meter.link = (link.account_no, link.service_point, link.site)
        meter.last = max(filter(None, (meter.last, link.since, link.until)))
    for row in _all(view, MeterTariff, MeterTariff.drn, known.meters):
        if row.until is None:
            known.meters[row.drn].tariff = row.tariff
