"""Balances, day totals and statements: what is read from the ledger. Amounts: minor units, debit
positive."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from tjugo.errors import reason
from tjugo.station.ledger.accounts import ACCOUNTS
from tjugo.station.storage.chunks import chunks
from tjugo.station.storage.tables import Balance, DayTotal, LedgerEntry, Posting
from tjugo.station.work import View

MOST_LINES = 10_000


def balance(view: View, account: str, party: str = "") -> int:
    """Return the balance of an account's party, 0 when nothing was posted on it."""
    row = view.session.execute(
        select(Balance.amount).where(
            Balance.tenant_id == view.tenant_id,
            Balance.account == account,
            Balance.party == party,
        )
    ).scalar()
    return row or 0


def balances(view: View, accounts: Iterable[str], parties: Iterable[str]) -> dict[str, int]:
    """Return the sum of the accounts' balances by party, 0 where nothing was posted."""
    found = dict.fromkeys(parties, 0)
    for part in chunks(list(found)):
        query = (
            select(Balance.party, Balance.amount)
            .where(Balance.tenant_id == view.tenant_id)
            .where(Balance.account.in_(list(accounts)), Balance.party.in_(part))
        )
        for party, amount in view.session.execute(query):
            found[party] += amount
    return found


def by_account(view: View, accounts: Iterable[str], party: str) -> dict[str, int]:
    """Return a party's balance on each of the accounts, 0 where nothing was posted."""
    found = dict.fromkeys(accounts, 0)
    query = (
        select(Balance.account, Balance.amount)
        .where(Balance.tenant_id == view.tenant_id)
        .where(Balance.account.in_(list(found)), Balance.party == party)
    )
    return found | dict(view.session.execute(query).all())


@dataclass(frozen=True)
class AccountBalance:
    """The balance of an account over all its parties."""

    account: str
    type: str
    title: str
    amount: int


def trial_balance(view: View) -> list[AccountBalance]:
    """Return the balance of each account; they sum to 0."""
    query = (
        select(Balance.account, func.sum(Balance.amount))
        .where(Balance.tenant_id == view.tenant_id)
        .group_by(Balance.account)
    )
    sums = {account: int(amount) for account, amount in view.session.execute(query)}
    return [
        AccountBalance(name, account.type, account.title, sums.get(name, 0))
        for name, account in ACCOUNTS.items()
    ]


@dataclass(frozen=True)
class Total:
    """The postings of a day, of one kind of entries on an account's party at an outlet."""

    day: date
    kind: str
    account: str
    party: str
    outlet: str
    amount: int
    postings: int


def day_totals(
    view: View,
    first: date,
    last: date,
    accounts: Iterable[str] = (),
    outlets: Iterable[str] | None = None,
) -> list[Total]:
    """Return the totals of the days from first to last, both included, by day. accounts: all when
    empty; outlets: None for all."""
    query = select(DayTotal).where(
        DayTotal.tenant_id == view.tenant_id, DayTotal.day >= first, DayTotal.day <= last
    )
    if wanted := list(accounts):
        query = query.where(DayTotal.account.in_(wanted))
    if outlets is not None:
        query = query.where(DayTotal.outlet.in_(list(outlets)))
    order = (DayTotal.day, DayTotal.kind, DayTotal.account, DayTotal.party, DayTotal.outlet)
    rows = view.session.scalars(query.order_by(*order))
    return [Total(r.day, r.kind, r.account, r.party, r.outlet, r.amount, r.postings) for r in rows]


@dataclass(frozen=True)
class StatementLine:
    """A posting. balance: of what the statement is about, after it."""

    entry_no: int
    at: datetime
    day: date
    kind: str
    ref: str
    text: str | None
    amount: int
    balance: int
    party: str = ""


@dataclass(frozen=True)
class Statement:
    """An account over some days, one of its parties or all (None): opening plus the lines' amounts
    is closing."""

    account: str
    party: str | None
    first: date
    last: date
    opening: int
    lines: tuple[StatementLine, ...]
    closing: int


def statement(view: View, account: str, party: str | None, first: date, last: date) -> Statement:
    """Return the statement of the days from first to last, both included. party: None for the
    whole account.

    Raise TjugoError for an unknown account, days in the wrong order, or more than MOST_LINES.
    """
    if account not in ACCOUNTS:
        raise reason("ledger_account_unknown", f"There is no account {account} in the ledger.")
    if first > last:
        raise reason("days_invalid", f"The first day, {first}, is after the last, {last}.")
    entry, posting = LedgerEntry, Posting
    joined = (entry.tenant_id == posting.tenant_id) & (entry.entry_no == posting.entry_no)
    mine = [posting.tenant_id == view.tenant_id, posting.account == account]
    if party is not None:
        mine.append(posting.party == party)
    before = select(func.sum(posting.amount)).join(entry, joined).where(*mine, entry.day < first)
    opening = int(view.session.execute(before).scalar() or 0)
    query = (
        select(entry, posting.amount, posting.party)
        .join(posting, joined)
        .where(*mine, entry.day >= first, entry.day <= last)
        .order_by(posting.entry_no, posting.line)
        .limit(MOST_LINES + 1)
    )
    rows = view.session.execute(query).all()
    if len(rows) > MOST_LINES:
        raise reason("days_invalid", f"More than {MOST_LINES} lines: ask for fewer days.")
    lines, running = [], opening
    for row, amount, of in rows:
        running += amount
        facts = (row.entry_no, row.at, row.day, row.kind, row.ref, row.text)
        lines.append(StatementLine(*facts, amount, running, of))
    return Statement(account, party, first, last, opening, tuple(lines), running)
