"""What the prices of meters depend on, read for many meters at once, and what a sale changes of
it."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, case, func, select

from tjugo.station import days
from tjugo.station.ledger.accounts import CREDIT_NOTE, SALE, VOID
from tjugo.station.storage.chunks import chunks
from tjugo.station.storage.rows import Rows
from tjugo.station.storage.statement import Query, Statement, any_of
from tjugo.station.storage.tables import (
    Balance,
    ChargePaid,
    DayTotal,
    Debt,
    MeterMonth,
    ServiceLink,
)
from tjugo.station.tariffs.effect import Effective, effective
from tjugo.station.tariffs.model import (
    DebtState,
    Quote,
    Situation,
    month_number,
    month_of,
    month_text,
)
from tjugo.station.work import View, Work

PENDING = "tariffs"
DEBT_ACCOUNT = "debt"
_RECOVERING = (SALE, VOID, CREDIT_NOTE)

_MONTHS = Rows(
    MeterMonth,
    ("tenant_id", "drn", "month", "paid_tenths", "free_tenths"),
    "(tenant_id, drn, month) DO UPDATE SET "
    "paid_tenths = meter_month.paid_tenths + excluded.paid_tenths, "
    "free_tenths = meter_month.free_tenths + excluded.free_tenths",
)
_CHARGES = Rows(
    ChargePaid,
    ("tenant_id", "drn", "charge", "month"),
    "(tenant_id, drn, charge) DO UPDATE SET month = CASE "
    "WHEN excluded.month > charge_paid.month THEN excluded.month ELSE charge_paid.month END",
)

_month = bindparam("month", type_=MeterMonth.month.type)
_MONTHS_OF = Statement(
    select(
        MeterMonth.drn,
        func.min(MeterMonth.month),
        func.sum(case((MeterMonth.month == _month, MeterMonth.paid_tenths), else_=0)),
        func.sum(case((MeterMonth.month == _month, MeterMonth.free_tenths), else_=0)),
    )
    .where(MeterMonth.tenant_id == bindparam("tenant"), any_of(MeterMonth.drn, "drns"))
    .group_by(MeterMonth.drn)
)
_CHARGES_OF = Statement(
    select(ChargePaid.drn, ChargePaid.charge, ChargePaid.month).where(
        ChargePaid.tenant_id == bindparam("tenant"), any_of(ChargePaid.drn, "drns")
    )
)
_DEBTS_OF = Statement(
    select(
        ServiceLink.drn,
        *(Debt.account_no, Debt.debt_no, Debt.kind, Debt.name, Debt.rule, Debt.rate),
        *(Debt.least, Debt.most, Debt.priority),
    )
    .join(
        Debt,
        (Debt.tenant_id == ServiceLink.tenant_id) & (Debt.account_no == ServiceLink.account_no),
    )
    .where(ServiceLink.tenant_id == bindparam("tenant"), any_of(ServiceLink.drn, "drns"))
    .where(ServiceLink.until.is_(None), Debt.state == "open")
    .order_by(ServiceLink.drn, Debt.priority, Debt.debt_no)
)


def party(account_no: str, debt_no: int) -> str:
    """Return the party of a debt on the ledger's account `debt`."""
    return f"{account_no}/{debt_no}"


def situations(
    view: View,
    drns: Collection[str],
    at: datetime,
    versions: Mapping[str, Effective] | None = None,
) -> dict[str, Situation]:
    """Return the situation by meter at a moment. versions: what `effective` returned for the
    meters, where the caller has it already."""
    if versions is None:
        versions = effective(view, drns, at)
    numbers = sorted(set(drns))
    local = days.local(view, at)
    months = _months(view, numbers, month_of(local))
    charges = _charges(view, numbers)
    debts = _debts(view, numbers, local)
    found = {}
    for drn in numbers:
        first, paid, free = months.get(drn, (None, 0, 0))
        version = versions.get(drn)
        allowed = version.rules.free_tenths_per_month if version else 0
        found[drn] = Situation(
            at=local,
            month_tenths=paid,
            charges_paid=charges.get(drn, {}),
            first_month=first,
            debts=debts.get(drn, ()),
            free_tenths_left=max(0, allowed - free),
        )
    return found


def queries(view: View, drns: Collection[str], at: datetime) -> list[Query]:
    """Return what `situations` reads, of debts the list only."""
    numbers = sorted(set(drns))
    month = month_of(days.local(view, at))
    return [
        _months_of(view, numbers, month),
        _charges_of(view, numbers),
        _debts_of(view, numbers),
    ]


def _months_of(view: View, drns: list[str], month: str) -> Query:
    return _MONTHS_OF.of(tenant=view.tenant_id, drns=drns, month=month)


def _charges_of(view: View, drns: list[str]) -> Query:
    return _CHARGES_OF.of(tenant=view.tenant_id, drns=drns)


def _debts_of(view: View, drns: list[str]) -> Query:
    return _DEBTS_OF.of(tenant=view.tenant_id, drns=drns)


def _months(view: View, drns: list[str], month: str) -> dict[str, tuple[str, int, int]]:
    """Return the first month with a sale, and the tenths paid for and free of this one."""
    rows = _months_of(view, drns, month).all(view.session)
    return {drn: (first, int(paid), int(free)) for drn, first, paid, free in rows}


def _charges(view: View, drns: list[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for drn, charge, month in _charges_of(view, drns).all(view.session):
        found.setdefault(drn, {})[charge] = month
    return found


def _debts(view: View, drns: list[str], local: datetime) -> dict[str, tuple[DebtState, ...]]:
    """Return the open debts of the meters' customers, in the order of recovery."""
    rows = _debts_of(view, drns).all(view.session)
    if not rows:
        return {}
    parties = sorted({party(debt.account_no, debt.debt_no) for debt in rows})
    monthly = [party(d.account_no, d.debt_no) for d in rows if d.rule == "month"]
    balance = balances(view, parties)
    taken = _recovered(view, sorted(set(monthly)), local.date().replace(day=1))
    found: dict[str, tuple[DebtState, ...]] = {}
    for debt in rows:
        key = party(debt.account_no, debt.debt_no)
        if balance.get(key, 0) > 0:
            state = _state(debt, balance[key], taken.get(key, 0))
            found[debt.drn] = (*found.get(debt.drn, ()), state)
    return found


def _state(debt: Any, balance: int, recovered: int) -> DebtState:
    return DebtState(
        debt.debt_no,
        debt.kind,
        debt.name,
        debt.rule,
        debt.rate,
        debt.least,
        debt.most,
        debt.priority,
        balance,
        recovered,
    )


def balances(view: View, parties: Collection[str]) -> dict[str, int]:
    """Return what is owed by party of the account `debt`; 0 is left out."""
    found: dict[str, int] = {}
    for part in chunks(sorted(parties)):
        query = select(Balance.party, Balance.amount).where(
            Balance.tenant_id == view.tenant_id,
            Balance.account == DEBT_ACCOUNT,
            Balance.party.in_(part),
        )
        found |= {key: amount for key, amount in view.session.execute(query) if amount}
    return found


def _recovered(view: View, parties: list[str], since: date) -> dict[str, int]:
    """Return what sales have recovered by party since a day."""
    found: dict[str, int] = {}
    for part in chunks(parties):
        query = (
            select(DayTotal.party, func.sum(DayTotal.amount))
            .where(DayTotal.tenant_id == view.tenant_id, DayTotal.day >= since)
            .where(DayTotal.account == DEBT_ACCOUNT, DayTotal.party.in_(part))
            .where(DayTotal.kind.in_(_RECOVERING))
            .group_by(DayTotal.party)
        )
        found |= {key: -int(amount) for key, amount in view.session.execute(query)}
    return found


def settle(work: Work, drn: str, quote: Quote) -> None:
    """Record what a sale changes for the meter's next price, when the unit of work ends."""
    pending: list[tuple[str, Quote]] = work.pending(PENDING, _write)
    pending.append((drn, quote))


def _write(work: Work, sold: list[tuple[str, Quote]]) -> None:
    """Add to the months, and set until when charges are paid. Sorted: two transactions lock the
    rows in the same order."""
    months: dict[tuple[str, str], list[int]] = {}
    charges: dict[tuple[str, str], str] = {}
    for drn, quote in sold:
        total = months.setdefault((drn, quote.month), [0, 0])
        total[0] += quote.tenths
        total[1] += quote.free_tenths
        for charge, month in quote.charges_paid.items():
            charges[drn, charge] = max(month, charges.get((drn, charge), ""))
    tenant = work.tenant_id
    rows: list[tuple[Any, ...]] = [(tenant, *key, charges[key]) for key in sorted(charges)]
    _CHARGES.insert(work.session, rows)
    _MONTHS.insert(work.session, [(tenant, *key, *months[key]) for key in sorted(months)])


def take_back(
    work: Work,
    drn: str,
    month: str,
    tenths: int,
    free_tenths: int,
    charges: Mapping[str, int],
) -> None:
    """Undo what a sale settled, after a void or a credit note, in this moment.

    month: of the sale, YYYY-MM; charges: how many months it collected, by charge (`Line.months`).
    """
    for charge, count in sorted(charges.items()):
        row = work.session.get(ChargePaid, (work.tenant_id, drn, charge), with_for_update=True)
        if row is not None:
            row.month = month_text(month_number(row.month) - count)
    total = work.session.get(MeterMonth, (work.tenant_id, drn, month), with_for_update=True)
    if total is not None:
        total.paid_tenths -= tenths
        total.free_tenths -= free_tenths
    work.session.flush()
