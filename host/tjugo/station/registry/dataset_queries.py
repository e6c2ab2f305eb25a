"""The query of each dataset's rows for a tenant, and the values of a row in a currency."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import String, and_, case, cast, or_, select

from tjugo import counted, money
from tjugo.station.registry.customers import FIELDS
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

# The columns that a query and the values of its rows have in common, in order.
CUSTOMER = ("account_no", *FIELDS)
KEY = ("sgc", "krn", "kt", "ti", "ken", "bdt", "dkga")
SALE = (
    *("outlet", "receipt_no", "kind", "sold_at", "day", "operator", "terminal", "shift_no"),
    *("drn", "account_no", "currency", "tendered", "change", "tariff", "tariff_version"),
    *("paid_tenths", "free_tenths", "voided_at", "client", "client_id", "credit"),
)
TOKEN = (
    *("drn", "bdt", "tid", "token_class", "subclass", "units_tenths", "sgc", "krn", "kt", "ti"),
    *("ea", "issued_at", "client", "client_id", "credit", "digits"),
)

Row = Sequence[Any]
"""The values of a row."""
Query = Any  # what SQLAlchemy names by its columns


def _amount(value: int | None, currency: str) -> Decimal | None:
    return None if value is None else money.major(value, currency)


def _tenths(value: int) -> Decimal:
    return Decimal(value).scaleb(-1)


def customers(tenant_id: int) -> Query:
    """Return the query of the customers."""
    query = select(*(getattr(Customer, name) for name in CUSTOMER), Customer.created_at)
    return query.where(Customer.tenant_id == tenant_id).order_by(Customer.account_no)


def meters(tenant_id: int) -> Query:
    """Return the query of the meters, each with its current key register."""
    state = MeterKeyState
    current = and_(
        state.tenant_id == Meter.tenant_id, state.drn == Meter.drn, state.phase == "current"
    )
    own = (Meter.drn, Meter.status, Meter.collector_id, Meter.ea, Meter.tct, Meter.created_at)
    query = select(*own, Meter.counts, *(getattr(state, name) for name in KEY)).join(
        state, current
    )
    return query.where(Meter.tenant_id == tenant_id).order_by(Meter.drn)


def meter_row(row: Any, currency: str) -> Row:
    """Return the values of a row of meters(); EA and TCT with two digits."""
    key = (getattr(row, name) for name in KEY)
    shown = (row.drn, row.status, row.collector_id, f"{row.ea:02d}", f"{row.tct:02d}")
    return (*shown, *key, row.created_at, row.counts)


def links(tenant_id: int) -> Query:
    """Return the query of the links, past ones too."""
    link = ServiceLink
    query = select(
        *(link.drn, link.account_no, link.since, link.until, link.service_point, link.site)
    )
    return query.where(link.tenant_id == tenant_id).order_by(link.drn, link.since)


def statuses(tenant_id: int) -> Query:
    """Return the query of the changes of status."""
    row = MeterStatus
    query = select(row.drn, row.at, row.status, row.actor, row.reason)
    return query.where(row.tenant_id == tenant_id).order_by(row.drn, row.at)


def assignments(tenant_id: int) -> Query:
    """Return the query of the tariffs that meters have now."""
    query = select(MeterTariff.drn, MeterTariff.tariff).where(MeterTariff.until.is_(None))
    return query.where(MeterTariff.tenant_id == tenant_id).order_by(MeterTariff.drn)


def sites(tenant_id: int) -> Query:
    """Return the query of the sites."""
    query = select(Site.site, Site.kind, Site.name, Site.parent)
    return query.where(Site.tenant_id == tenant_id).order_by(Site.site)


def debts(tenant_id: int) -> Query:
    """Return the query of the open debts, each with its balance."""
    party = Debt.account_no + "/" + cast(Debt.debt_no, String)
    of_debt = and_(
        Balance.tenant_id == Debt.tenant_id, Balance.account == "debt", Balance.party == party
    )
    query = select(Debt, Balance.amount.label("balance")).join(Balance, of_debt)
    query = query.where(Debt.tenant_id == tenant_id, Debt.state == "open", Balance.amount > 0)
    return query.order_by(Debt.account_no, Debt.debt_no)


def debt_row(row: Any, currency: str) -> Row:
    """Return the values of a row of debts(), with amounts in major units."""
    debt = row.Debt
    if debt.rule == "percent":
        recovery = f"{Decimal(debt.rate).scaleb(-2).normalize():f}%"
    else:
        recovery = money.digits(debt.rate, currency)
    amounts = (_amount(value, currency) for value in (row.balance, debt.least, debt.most))
    balance, least, most = amounts
    names = (debt.account_no, debt.debt_no, debt.kind, debt.name)
    return (*names, balance, recovery, least, most, debt.priority)


def credits(tenant_id: int) -> Query:
    """Return the query of the balances in favour of customers."""
    query = select(Balance.party, Balance.amount).where(Balance.account == "customer_credit")
    query = query.where(Balance.tenant_id == tenant_id, Balance.amount < 0)
    return query.order_by(Balance.party)


def credit_row(row: Any, currency: str) -> Row:
    """Return the values of a row of credits(); the credit is positive."""
    return (row.party, _amount(-row.amount, currency))


def sales(tenant_id: int) -> Query:
    """Return the query of the sales."""
    query = select(*(getattr(Sale, name) for name in SALE)).where(Sale.tenant_id == tenant_id)
    return query.order_by(Sale.outlet, Sale.receipt_no)


def sale_row(row: Any, currency: str) -> Row:
    """Return the values of a row of sales(), with amounts in major units and energy in kWh, which
    a sale of credit in money does not have."""
    values = row._asdict()
    for name in ("tendered", "change", "credit"):
        values[name] = _amount(values[name], row.currency)
    for name in ("paid_tenths", "free_tenths"):
        values[name] = _tenths(values[name]) if row.credit is None else None
    return tuple(values[name] for name in SALE)


def tokens(tenant_id: int) -> Query:
    """Return the query of the tokens, without digits for those that were not shown."""
    of_sale = and_(
        Sale.tenant_id == Token.tenant_id,
        Sale.client == Token.client,
        Sale.client_id == Token.client_id,
    )
    # Nobody gets the digits of a token that can still be voided, or was.
    shown = or_(Sale.client.is_(None), and_(Sale.shown_at.is_not(None), Sale.voided_at.is_(None)))
    columns = (getattr(Token, name) for name in TOKEN if name != "digits")
    query = (
        select(*columns, case((shown, Token.digits), else_="").label("digits"))
        .outerjoin(Sale, of_sale)
        .where(Token.tenant_id == tenant_id)
    )
    return query.order_by(Token.drn, Token.bdt, Token.tid)


def token_row(row: Any, currency: str) -> Row:
    """Return the values of a row of tokens(), with energy in kWh; of a token of money with its
    credit in major units."""
    values = row._asdict()
    if row.credit is None:
        values["units_tenths"] = _tenths(values["units_tenths"])
    else:
        values["units_tenths"], values["credit"] = None, counted.major(row.credit, currency)
    return tuple(values[name] for name in TOKEN)


def tariffs(tenant_id: int) -> Query:
    """Return the query of the tariffs' versions."""
    version = TariffVersion
    of_tariff = and_(version.tenant_id == Tariff.tenant_id, version.tariff == Tariff.tariff)
    query = select(
        *(Tariff.tariff, Tariff.name, version.version, version.valid_from, version.state),
        *(version.content, version.made_by, version.decided_by),
    ).join(version, of_tariff)
    return query.where(Tariff.tenant_id == tenant_id).order_by(Tariff.tariff, version.version)


def plain_row(row: Any, currency: str) -> Row:
    """Return the values of a row as they are."""
    return tuple(row)
