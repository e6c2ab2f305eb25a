"""Tariffs, their versions and previews of prices, for pages, commands and the API."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from tjugo import counted, money
from tjugo.errors import reason
from tjugo.station import days
from tjugo.station.registry.meters import checked_drn, known_meter
from tjugo.station.storage.moments import iso
from tjugo.station.storage.tables import Tariff, TariffVersion
from tjugo.station.tariffs import stored
from tjugo.station.tariffs.carried import credit_of, encodable_of
from tjugo.station.tariffs.effect import (
    Effective,
    check_counts,
    in_effect,
    rules_of,
    tariff_of,
)
from tjugo.station.tariffs.model import Line, Quote, Situation
from tjugo.station.tariffs.price import price_money, price_units
from tjugo.station.tariffs.situations import situations
from tjugo.station.tariffs.versions import known_tariff, known_version
from tjugo.station.work import View


@dataclass(frozen=True)
class VersionView:
    """A version. rules: JSON values of tjugo.station.tariffs.stored."""

    tariff: str
    version: int
    state: str
    valid_from: str | None
    made_by: str
    made_at: str | None
    decided_by: str | None
    decided_at: str | None
    note: str | None
    rules: dict[str, Any]


@dataclass(frozen=True)
class TariffView:
    """A tariff, newest version first. default: of meters without one; counts: what the meters
    count that it is for, energy or money; in_effect: the version."""

    tariff: str
    name: str
    default: bool
    counts: str
    in_effect: int | None
    versions: list[VersionView]


@dataclass(frozen=True)
class Preview:
    """What an amount would buy by a version of a tariff. counts: what the meters count that it is
    for."""

    tariff: str
    version: int
    name: str
    currency: str
    drn: str | None
    quote: Quote
    counts: str


@dataclass(frozen=True)
class PriceLine:
    """A line; amounts in major units and kWh as texts."""

    kind: str
    code: str
    name: str
    amount: str
    kwh: str | None
    rate: str | None
    tax_code: str | None
    tax_rate: str | None
    balance: str | None


@dataclass(frozen=True)
class PriceView:
    """A preview for programs and pages. kwh, free_kwh: None for a meter that counts money; credit:
    what its token would carry, in major units."""

    tariff: str
    version: int
    name: str
    currency: str
    drn: str | None
    tendered: str
    kwh: str | None
    free_kwh: str | None
    credit: str | None
    lines: list[PriceLine]


def price_view(found: Preview) -> PriceView:
    """Return a preview with its amounts as texts."""
    credit = credit_of(found.quote, found.currency)
    quote, currency, energy = found.quote, found.currency, found.counts == counted.ENERGY
    return PriceView(
        found.tariff,
        found.version,
        found.name,
        currency,
        found.drn,
        money.digits(quote.tendered, currency),
        _kwh(quote.tenths) if energy else None,
        _kwh(quote.free_tenths) if energy else None,
        None if credit is None else f"{credit:f}",
        [_line(line, currency) for line in quote.lines],
    )


def _line(line: Line, currency: str) -> PriceLine:
    return PriceLine(
        line.kind,
        line.code,
        line.name,
        money.digits(line.amount, currency),
        None if line.tenths is None else _kwh(line.tenths),
        None if line.rate is None else f"{line.rate:f}",
        line.tax_code,
        None if line.tax_rate is None else f"{line.tax_rate:f}",
        None if line.balance is None else money.digits(line.balance, currency),
    )


def _kwh(tenths: int) -> str:
    return f"{tenths // 10}.{tenths % 10}"


def tariffs(view: View, at: datetime) -> list[TariffView]:
    """Return all tariffs by code."""
    query = select(Tariff).where(Tariff.tenant_id == view.tenant_id).order_by(Tariff.tariff)
    return [_tariff(view, row, at) for row in view.session.scalars(query)]


def find_tariff(view: View, tariff: str, at: datetime) -> TariffView:
    """Return one tariff. Raise NotFound."""
    return _tariff(view, known_tariff(view, tariff), at)


def find_version(view: View, tariff: str, version: int) -> VersionView:
    """Return one version. Raise NotFound."""
    return _version(known_version(view, tariff, version))


def _tariff(view: View, row: Tariff, at: datetime) -> TariffView:
    tenant = view.tenant
    query = (
        select(TariffVersion)
        .where(TariffVersion.tenant_id == view.tenant_id, TariffVersion.tariff == row.tariff)
        .order_by(TariffVersion.version.desc())
    )
    current = in_effect(view, row.tariff, at)
    return TariffView(
        row.tariff,
        row.name,
        tenant.default_tariff == row.tariff,
        row.counts,
        None if current is None else current.version,
        [_version(version) for version in view.session.scalars(query)],
    )


def _version(row: TariffVersion) -> VersionView:
    return VersionView(
        row.tariff,
        row.version,
        row.state,
        iso(row.valid_from),
        row.made_by,
        iso(row.made_at),
        row.decided_by,
        iso(row.decided_at),
        row.note,
        stored.document(rules_of(row.content)),
    )


def preview(
    view: View,
    at: datetime,
    tender: int | None = None,
    tenths: int | None = None,
    drn: str | None = None,
    tariff: str | None = None,
    version: int | None = None,
) -> Preview:
    """Return what `tender` minor units would buy, or `tenths` would cost, line by line.

    drn: the meter with its month, charges and debts, None: a new meter. tariff, version: any
    version, proposed ones too; None: what is in effect for the meter. Raise TjugoError.
    """
    meter = None if drn is None else known_meter(view, checked_drn(drn))
    drn = None if meter is None else meter.drn
    found = _chosen(view, at, drn, tariff, version)
    if meter is not None:
        check_counts(found, meter.drn, meter.counts)
    encodable = encodable_of(found.rules)
    situation = _situation(view, at, drn, found)
    if tenths is not None:
        quote = price_units(found.rules, situation, tenths, encodable)
    else:
        quote = price_money(found.rules, situation, tender or 0, encodable)
    rules = found.rules
    of = (found.tariff, found.version, found.name, rules.currency)
    return Preview(*of, drn, quote, rules.counts)


def _situation(view: View, at: datetime, drn: str | None, found: Effective) -> Situation:
    if drn is None:
        free = found.rules.free_tenths_per_month
        return Situation(days.local(view, at), free_tenths_left=free)
    return situations(view, [drn], at, {drn: found})[drn]


def _chosen(
    view: View, at: datetime, drn: str | None, tariff: str | None, version: int | None
) -> Effective:
    if tariff is None and drn is not None:
        tariff = tariff_of(view, drn, at)
    if tariff is None:
        tariff = view.tenant.default_tariff
    if tariff is None:
        raise reason("tariff_unknown", "There is no tariff yet: propose one.")
    row = known_tariff(view, tariff)
    if version is not None:
        content = known_version(view, tariff, version).content
        return Effective(tariff, version, row.name, rules_of(content))
    found = in_effect(view, tariff, at)
    if found is None:
        raise reason("tariff_not_in_effect", f"No version of tariff {tariff} is in effect.")
    return found
