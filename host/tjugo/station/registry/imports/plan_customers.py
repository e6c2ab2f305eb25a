"""The customers of an import, with their opening balances."""

from typing import Any

from tjugo.station.registry import customers
from tjugo.station.registry.imports.fields import CUSTOMER, FIELDS
from tjugo.station.registry.imports.planned import NewDebt, Part, Shared
from tjugo.station.registry.imports.rows import Row

_PRIORITY = 100
_OF_CUSTOMER = [name for name, f in FIELDS.items() if name in customers.FIELDS]
assert all(FIELDS[name].group == CUSTOMER for name in _OF_CUSTOMER)


class Customers(Part):
    """Plans customers, debts and credits."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self._next = shared.known.last_account + 1

    def of_row(self, row: Row) -> str | None:
        """Return the account that a row names or makes; None where it has none, or a problem."""
        account_no = self._account(row)
        given = {name: row.get(name) for name in _OF_CUSTOMER if row.get(name) is not None}
        if account_no is None and not given:
            return None
        if account_no is None:
            if "name" not in given:
                if not row.unread & {"name", "account_no"}:
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
        while (number := customers.numbered_account(self._next)) in self._shared.accounts:
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

    def money(self, row: Row, account_no: str | None) -> None:
        """Plan the opening balances of a row."""
        debt, credit = row.get("debt") or 0, row.get("credit") or 0
        if account_no is None:
            if (debt or credit) and not row.problems and row.number not in self._plan.problems:
                self._wrong(row, "A debt or credit needs an account in its row.")
            return
        if debt:
            recovery = row.get("debt_recovery")
            if recovery is None and "debt_recovery" in row.unread:
                return
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
