"""What can be exported: each dataset's columns, the query of its rows, and their values."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import String, and_, case, cast, or_, select

from tjugo import money
from tjugo.errors import reason
from tjugo.station.registry import customers
from tjugo.station.storage.tables import (
    Balance,
    Customer,
    Debt,
    Meter,
    MeterKeyState,
    MeterStatus,
    MeterTariff,
    Sale,
    ServiceLink,
    Site,
    Tariff,
    TariffVersion,
    Token,
)
from tjugo.station.work import View

_PART = 1000

Row = Sequence[Any]
"""The values of a row."""
# What SQLAlchemy names by its columns.
_Query = Any
_Make = Callable[[Any, str], Row]


@dataclass(frozen=True)
class Dataset:
    """What can be exported. make returns the values of a query's row, given the currency; secret:
    a column that is left out unless it is asked for."""

    title: str
    columns: tuple[str, ...]
    query: Callable[[int], _Query]
    make: _Make
    secret: str | None = None


def _amount(value: int | None, currency: str) -> Decimal | None:
    return None if value is None else money.major(value, currency)


def _tenths(value: int) -> Decimal:
    return Decimal(value).scaleb(-1)


_CUSTOMER = ("account_no", *customers.FIELDS)


def _customers(tenant_id: int) -> _Query:
    query = select(*(getattr(Customer, name) for name in _CUSTOMER), Customer.created_at)
    return query.where(Customer.tenant_id == tenant_id).order_by(Customer.account_no)


_KEY = ("sgc", "krn", "kt", "ti", "ken", "bdt", "dkga")


def _meters(tenant_id: int) -> _Query:
    state = MeterKeyState
    current = and_(
        state.tenant_id == Meter.tenant_id, state.drn == Meter.drn, state.phase == "current"
    )
    own = (Meter.drn, Meter.status, Meter.collector_id, Meter.ea, Meter.tct, Meter.created_at)
    query = select(*own, *(getattr(state, name) for name in _KEY)).join(state, current)
    return query.where(Meter.tenant_id == tenant_id).order_by(Meter.drn)


def _meter(row: Any, currency: str) -> Row:
    key = (getattr(row, name) for name in _KEY)
    shown = (row.drn, row.status, row.collector_id, f"{row.ea:02d}", f"{row.tct:02d}")
    return (*shown, *key, row.created_at)


def _links(tenant_id: int) -> _Query:
    link = ServiceLink
    query = select(
        *(link.drn, link.account_no, link.since, link.until, link.service_point, link.site)
    )
    return query.where(link.tenant_id == tenant_id).order_by(link.drn, link.since)


def _statuses(tenant_id: int) -> _Query:
    row = MeterStatus
    query = select(row.drn, row.at, row.status, row.actor, row.reason)
    return query.where(row.tenant_id == tenant_id).order_by(row.drn, row.at)


def _assignments(tenant_id: int) -> _Query:
    query = select(MeterTariff.drn, MeterTariff.tariff).where(MeterTariff.until.is_(None))
    return query.where(MeterTariff.tenant_id == tenant_id).order_by(MeterTariff.drn)


def _sites(tenant_id: int) -> _Query:
    query = select(Site.site, Site.kind, Site.name, Site.parent)
    return query.where(Site.tenant_id == tenant_id).order_by(Site.site)


def _debts(tenant_id: int) -> _Query:
    party = Debt.account_no + "/" + cast(Debt.debt_no, String)
    of_debt = and_(
        Balance.tenant_id == Debt.tenant_id, Balance.account == "debt", Balance.party == party
    )
    query = select(Debt, Balance.amount.label("balance")).join(Balance, of_debt)
    query = query.where(Debt.tenant_id == tenant_id, Debt.state == "open", Balance.amount > 0)
    return query.order_by(Debt.account_no, Debt.debt_no)


def _debt(row: Any, currency: str) -> Row:
    debt = row.Debt
    if debt.rule == "percent":
        recovery = f"{Decimal(debt.rate).scaleb(-2).normalize():f}%"
    else:
        recovery = money.digits(debt.rate, currency)
    amounts = (_amount(value, currency) for value in (row.balance, debt.least, debt.most))
    balance, least, most = amounts
    names = (debt.account_no, debt.debt_no, debt.kind, debt.name)
    return (*names, balance, recovery, least, most, debt.priority)


def _credits(tenant_id: int) -> _Query:
    query = select(Balance.party, Balance.amount).where(Balance.account == "customer_credit")
    query = query.where(Balance.tenant_id == tenant_id, Balance.amount < 0)
    return query.order_by(Balance.party)


_SALE = (
    *("outlet", "receipt_no", "kind", "sold_at", "day", "operator", "terminal", "shift_no"),
    *("drn", "account_no", "currency", "tendered", "change", "tariff", "tariff_version"),
    *("paid_tenths", "free_tenths", "voided_at", "client", "client_id"),
)


def _sales(tenant_id: int) -> _Query:
    query = select(*(getattr(Sale, name) for name in _SALE)).where(Sale.tenant_id == tenant_id)
    return query.order_by(Sale.outlet, Sale.receipt_no)


def _sale(row: Any, currency: str) -> Row:
    values = row._asdict()
    for name in ("tendered", "change"):
        values[name] = _amount(values[name], row.currency)
    for name in ("paid_tenths", "free_tenths"):
        values[name] = _tenths(values[name])
    return tuple(values[name] for name in _SALE)


_TOKEN = (
    *("drn", "bdt", "tid", "token_class", "subclass", "units_tenths", "sgc", "krn", "kt", "ti"),
    *("ea", "issued_at", "client", "client_id", "digits"),
)


def _tokens(tenant_id: int) -> _Query:
    of_sale = and_(
        Sale.tenant_id == Token.tenant_id,
        Sale.client == Token.client,
        Sale.client_id == Token.client_id,
    )
    # Nobody gets the digits of a token that can still be voided, or was.
    shown = or_(Sale.client.is_(None), and_(Sale.shown_at.is_not(None), Sale.voided_at.is_(None)))
    columns = (getattr(Token, name) for name in _TOKEN if name != "digits")
    query = (
        select(*columns, case((shown, Token.digits), else_="").label("digits"))
        .outerjoin(Sale, of_sale)
        .where(Token.tenant_id == tenant_id)
    )
    return query.order_by(Token.drn, Token.bdt, Token.tid)


def _token(row: Any, currency: str) -> Row:
    values = row._asdict()
    values["units_tenths"] = _tenths(values["units_tenths"])
    return tuple(values[name] for name in _TOKEN)


def _tariffs(tenant_id: int) -> _Query:
    version = TariffVersion
    of_tariff = and_(version.tenant_id == Tariff.tenant_id, version.tariff == Tariff.tariff)
    query = select(
        *(Tariff.tariff, Tariff.name, version.version, version.valid_from, version.state),
        *(version.content, version.made_by, version.decided_by),
    ).join(version, of_tariff)
    return query.where(Tariff.tenant_id == tenant_id).order_by(Tariff.tariff, version.version)


def _plain(row: Any, currency: str) -> Row:
    return tuple(row)


DATASETS: dict[str, Dataset] = {
    "sites": Dataset("sites", ("site", "site_kind", "site_name", "site_parent"), _sites, _plain),
    "customers": Dataset("customers", (*_CUSTOMER, "registered"), _customers, _plain),
    "meters": Dataset(
        "meters",
        ("drn", "status", "collector", "ea", "tct", *_KEY, "meter_registered"),
        _meters,
        _meter,
    ),
    "links": Dataset(
        "which meter served whom, since when",
        ("drn", "account_no", "since", "until", "service_point", "site"),
        _links,
        _plain,
    ),
    "debts": Dataset(
        "open debts",
        (
            *("account_no", "debt_no", "debt_kind", "debt_name", "debt", "debt_recovery"),
            *("debt_least", "debt_most", "debt_priority"),
        ),
        _debts,
        _debt,
    ),
    "credits": Dataset(
        "credit of customers",
        ("account_no", "credit"),
        _credits,
        lambda row, currency: (row.party, _amount(-row.amount, currency)),
    ),
    "assignments": Dataset("tariffs of meters", ("drn", "tariff"), _assignments, _plain),
    "statuses": Dataset(
        "changes of meters' status", ("drn", "at", "status", "actor", "reason"), _statuses, _plain
    ),
    "sales": Dataset(
        "sales",
        tuple(name.replace("_tenths", "_kwh") for name in _SALE),
        _sales,
        _sale,
    ),
    "tokens": Dataset(
        "tokens",
        tuple(name.replace("_tenths", "_kwh") for name in _TOKEN),
        _tokens,
        _token,
        secret="digits",
    ),
    "tariffs": Dataset(
        "tariffs and their versions",
        (
            *("tariff", "name", "version", "valid_from", "state", "content", "made_by"),
            "decided_by",
        ),
        _tariffs,
        _plain,
    ),
}
"""What can be exported, in the order in which the registry's own parts are imported."""

IMPORTABLE = ("sites", "customers", "meters", "links", "debts", "credits", "assignments")
"""The datasets that an empty station can import."""


def dataset(name: str) -> Dataset:
    """Return a dataset. Raise TjugoError."""
    if name not in DATASETS:
        listed = ", ".join(DATASETS)
        raise reason("export_unknown", f"There is no export {name[:40]!r}: {listed}.")
    return DATASETS[name]


def columns(name: str, with_secret: bool = False) -> list[str]:
    """Return the names of the columns. with_secret: tokens with their digits."""
    found = dataset(name)
    return [column for column in found.columns if with_secret or column != found.secret]


def rows(view: View, name: str, with_secret: bool = False) -> Iterator[Row]:
    """Return the rows one after the other, as they are read from the database."""
    found = dataset(name)
    currency = view.tenant.currency
    places = [
        place
        for place, column in enumerate(found.columns)
        if with_secret or column != found.secret
    ]
    query = found.query(view.tenant_id).execution_options(yield_per=_PART)
    for row in view.session.execute(query):
        values = found.make(row, currency)
        yield [values[place] for place in places]
