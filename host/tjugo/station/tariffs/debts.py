"""Debts of customers: opened, changed and written off by people, recovered by sales. The balance
is the ledger's."""

from dataclasses import dataclass

from sqlalchemy import func, select

from tjugo import money
from tjugo.errors import TjugoError, reason
from tjugo.station.audit.chain import record
from tjugo.station.currency import plain
from tjugo.station.ledger.post import Entry, post
from tjugo.station.storage.moments import iso
from tjugo.station.storage.paging import LIMIT, Page, bounded, no_such_page, page
from tjugo.station.storage.tables import Customer, Debt, LedgerEntry
from tjugo.station.storage.tables.tariffs import DEBT_KINDS, DEBT_RULES
from tjugo.station.tariffs.model import WHOLE
from tjugo.station.tariffs.situations import DEBT_ACCOUNT, balances, party
from tjugo.station.work import View, Work

EDIT = "debts.edit"
_WRITE_OFF = "debt_write_off"
_MOST_PRIORITY = 1000
_MOST_DEBTS = 10**9
_FIELDS = ("name", "rule", "rate", "least", "most", "priority")


@dataclass(frozen=True)
class DebtView:
    """A debt and its balance, in minor units of the currency. state: open, paid, written_off."""

    account_no: str
    debt_no: int
    kind: str
    name: str
    state: str
    rule: str
    rate: int
    least: int
    most: int | None
    priority: int
    balance: int
    opened_at: str | None
    opened_by: str
    closed_at: str | None


def open_debt(
    work: Work,
    account_no: str,
    name: str,
    amount: int,
    kind: str = "arrears",
    rule: str = "percent",
    rate: int = WHOLE,
    least: int = 0,
    most: int | None = None,
    priority: int = 100,
) -> int:
    """Open a debt of a customer and post it; return its number. For the fields see
    storage.tables.Debt. Raise TjugoError."""
    if work.session.get(Customer, (work.tenant_id, account_no), with_for_update=True) is None:
        raise reason("account_unknown", f"There is no account {account_no[:20]}.")
    if kind not in DEBT_KINDS:
        raise _invalid(f"A debt is one of {', '.join(DEBT_KINDS)}.")
    if type(amount) is not int or not 0 < amount <= money.MOST:
        raise _invalid("The amount of a debt must be more than 0.")
    last = work.session.scalar(
        select(func.max(Debt.debt_no)).where(
            Debt.tenant_id == work.tenant_id, Debt.account_no == account_no
        )
    )
    row = Debt(
        tenant_id=work.tenant_id,
        account_no=account_no,
        debt_no=(last or 0) + 1,
        kind=kind,
        name=name.strip(),
        state="open",
        rule=rule,
        rate=rate,
        least=least,
        most=most,
        priority=priority,
        opened_at=work.now(),
        opened_by=work.actor[:80],
    )
    _check(row)
    work.session.add(row)
    work.session.flush()
    key = party(account_no, row.debt_no)
    rows = ((DEBT_ACCOUNT, key, amount), ("opening", "", -amount))
    post(work, Entry("debt_open", key, rows, text=row.name))
    record(work, EDIT, f"debt {key}", f"opened, {plain(work, amount)}")
    return row.debt_no


def edit_debt(work: Work, account_no: str, debt_no: int, **fields: str | int | None) -> None:
    """Change how an open debt is recovered: name, rule, rate, least, most, priority. Raise
    TjugoError."""
    row = locked(work, account_no, debt_no)
    for field, value in fields.items():
        if field not in _FIELDS:
            raise _invalid(f"A debt has no {field!r}.")
        setattr(row, field, value.strip() if isinstance(value, str) else value)
    _check(row)
    work.session.flush()
    changes = ", ".join(
        f"{field} {_as_text(work, row, field, value)}" for field, value in fields.items()
    )
    record(work, EDIT, f"debt {party(account_no, debt_no)}", changes)


def _as_text(view: View, row: Debt, field: str, value: str | int | None) -> str:
    """Return the value of a field for a record, an amount in the currency."""
    if isinstance(value, int) and field != "priority":
        if field == "rate" and row.rule == "percent":
            return f"{value / 100:g} %"
        return plain(view, value)
    return "none" if value is None else str(value)


def write_off(work: Work, account_no: str, debt_no: int, why: str) -> int:
    """Write off what is left of a debt; return the amount. why: for the audit. Raise
    TjugoError."""
    row = locked(work, account_no, debt_no)
    why = why.strip()
    if not 0 < len(why) <= 200:
        raise reason("reason_invalid", "A debt is written off with a reason of 1 to 200 letters.")
    key = party(account_no, debt_no)
    left = balances(work, [key]).get(key, 0)
    if left <= 0:
        raise reason("debt_closed", f"Nothing is left of debt {debt_no} of {account_no}.")
    row.state, row.closed_at = "written_off", work.now()
    work.session.flush()
    rows = (("written_off", key, left), (DEBT_ACCOUNT, key, -left))
    post(work, Entry(_WRITE_OFF, _ref(work, key), rows, text=why))
    record(work, EDIT, f"debt {key}", f"written off, {plain(work, left)}: {why}")
    return left


def _ref(work: Work, key: str) -> str:
    """Return the name of a debt's next write-off: the debt's own, then with #2, #3, because a
    credit note opens a debt again that was written off. The debt is locked."""
    row = LedgerEntry
    query = select(func.count()).where(
        row.tenant_id == work.tenant_id,
        row.kind == _WRITE_OFF,
        (row.ref == key) | row.ref.startswith(f"{key}#", autoescape=True),
    )
    before = work.session.scalar(query) or 0
    return f"{key}#{before + 1}" if before else key


def locked(work: Work, account_no: str, debt_no: int) -> Debt:
    """Return an open debt, locked until the transaction ends. Raise NotFound, Conflict."""
    row = _found(work, account_no, debt_no, lock=True)
    if row is None:
        raise reason("debt_unknown", f"Account {account_no[:20]} has no debt {debt_no}.")
    if row.state != "open":
        raise reason("debt_closed", f"Debt {debt_no} of {account_no} is {_words(row.state)}.")
    return row


def _found(view: View, account_no: str, debt_no: int, lock: bool = False) -> Debt | None:
    if len(account_no) > 20 or not 0 < debt_no < _MOST_DEBTS:
        return None
    key = (view.tenant_id, account_no, debt_no)
    return view.session.get(Debt, key, with_for_update=lock)


def _check(row: Debt) -> None:
    if not row.name or len(row.name) > 100 or not row.name.isprintable():
        raise _invalid("The name of a debt has 1 to 100 characters that can be printed.")
    if row.rule not in DEBT_RULES:
        raise _invalid(f"The rule of a debt is one of {', '.join(DEBT_RULES)}.")
    numbers = (row.rate, row.least, 0 if row.most is None else row.most, row.priority)
    if not all(type(number) is int and 0 <= number <= money.MOST for number in numbers):
        raise _invalid("Rate, limits and priority of a debt are 0 or more.")
    if row.rate == 0:
        raise _invalid("The rate of a debt is above 0; a most of 0 suspends its recovery.")
    if row.rule == "percent" and row.rate > WHOLE:
        raise _invalid("A sale recovers at most 100 % of what is tendered.")
    if row.most is not None and row.most < row.least:
        raise _invalid("The most that a sale recovers is not below the least.")
    if row.priority > _MOST_PRIORITY:
        raise _invalid(f"The priority of a debt is at most {_MOST_PRIORITY}.")


def find_debt(view: View, account_no: str, debt_no: int) -> DebtView:
    """Return a debt. Raise NotFound."""
    row = _found(view, account_no, debt_no)
    if row is None:
        raise reason("debt_unknown", f"Account {account_no[:20]} has no debt {debt_no}.")
    return _views(view, [row])[0]


def debts(
    view: View, account_no: str | None = None, after: str | None = None, limit: int = LIMIT
) -> Page[DebtView]:
    """Return debts by account and number. after: the party of the last one shown."""
    limit = bounded(limit)
    query = (
        select(Debt)
        .where(Debt.tenant_id == view.tenant_id)
        .order_by(Debt.account_no, Debt.debt_no)
        .limit(limit + 1)
    )
    if account_no is not None:
        query = query.where(Debt.account_no == account_no)
    if after is not None:
        account, _, number = after.rpartition("/")
        if not account or not number.isascii() or not number.isdigit() or len(number) > 9:
            raise no_such_page()
        later = (Debt.account_no == account) & (Debt.debt_no > int(number))
        query = query.where((Debt.account_no > account) | later)
    found = page(
        list(view.session.scalars(query)), limit, lambda row: party(row.account_no, row.debt_no)
    )
    return Page(_views(view, found.items), found.next)


def _views(view: View, rows: list[Debt]) -> list[DebtView]:
    left = balances(view, {party(row.account_no, row.debt_no) for row in rows})
    return [_view(row, left.get(party(row.account_no, row.debt_no), 0)) for row in rows]


def _view(row: Debt, balance: int) -> DebtView:
    state = "paid" if row.state == "open" and balance <= 0 else row.state
    return DebtView(
        row.account_no,
        row.debt_no,
        row.kind,
        row.name,
        state,
        row.rule,
        row.rate,
        row.least,
        row.most,
        row.priority,
        balance,
        iso(row.opened_at),
        row.opened_by,
        iso(row.closed_at),
    )


def _invalid(sentence: str) -> TjugoError:
    return reason("debt_invalid", sentence)


def _words(state: str) -> str:
    return state.replace("_", " ")
