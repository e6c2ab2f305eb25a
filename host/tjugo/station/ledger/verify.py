"""Checking the ledger, and making again what is derived from it."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from tjugo.station.audit import chain
from tjugo.station.ledger.post import SERIES
from tjugo.station.storage.tables import Counter
from tjugo.station.work import View, Work

ACTION = "ledger.post"
_SHOWN = 20


@dataclass(frozen=True)
class Derived:
    """A table that follows from others. key and values: its columns; expected: a SELECT of them
    from the others, for the tenant :tenant_id."""

    table: str
    title: str
    key: tuple[str, ...]
    values: tuple[str, ...]
    expected: str

    @property
    def columns(self) -> str:
        return ", ".join((*self.key, *self.values))

    @property
    def present(self) -> str:
        return f"SELECT {self.columns} FROM {self.table} WHERE tenant_id = :tenant_id"


# The day is the utility's, as YYYY-MM-DD on both databases.
_MONTH = "SUBSTR(CAST(COALESCE(c.day, s.day) AS VARCHAR(10)), 1, 7)"
_NOT_VOID = "CASE WHEN s.voided_at IS NULL THEN s.{0} ELSE 0 END"

DERIVED: tuple[Derived, ...] = (
    Derived(
        "balance",
        "The balance",
        ("account", "party"),
        ("amount",),
        "SELECT account, party, CAST(SUM(amount) AS BIGINT) AS amount FROM posting "
        "WHERE tenant_id = :tenant_id GROUP BY account, party",
    ),
    Derived(
        "day_total",
        "The day total",
        ("day", "kind", "account", "party", "outlet"),
        ("amount", "postings"),
        "SELECT e.day, e.kind, p.account, p.party, COALESCE(e.outlet, '') AS outlet, "
        "CAST(SUM(p.amount) AS BIGINT) AS amount, CAST(COUNT(*) AS INTEGER) AS postings "
        "FROM posting p JOIN ledger_entry e "
        "ON e.tenant_id = p.tenant_id AND e.entry_no = p.entry_no "
        "WHERE p.tenant_id = :tenant_id "
        "GROUP BY e.day, e.kind, p.account, p.party, COALESCE(e.outlet, '')",
    ),
    Derived(
        "meter_month",
        "The month of meter",
        ("drn", "month"),
        ("paid_tenths", "free_tenths"),
        # A credit note counts in the month of the sale that it credits. A month whose sales are
        # void stays, with 0: a meter owes monthly charges since its first month. Only sales by a
        # tariff have one.
        f"SELECT s.drn, {_MONTH} AS month, "
        f"CAST(SUM({_NOT_VOID.format('paid_tenths')}) AS INTEGER) AS paid_tenths, "
        f"CAST(SUM({_NOT_VOID.format('free_tenths')}) AS INTEGER) AS free_tenths FROM sale s "
        "LEFT JOIN sale c ON c.tenant_id = s.tenant_id AND c.client = s.credits_client "
        "AND c.client_id = s.credits_client_id "
        "WHERE s.tenant_id = :tenant_id AND s.drn IS NOT NULL AND s.tariff IS NOT NULL "
        f"GROUP BY s.drn, {_MONTH}",
    ),
    Derived(
        "key_use",
        "The use of vending key",
        ("sgc", "krn", "kt"),
        ("tenths",),
        # Of every credit token that was made, void or not: a void one was issued by the key.
        "SELECT sgc, krn, kt, CAST(SUM(units_tenths) AS BIGINT) AS tenths FROM token "
        "WHERE tenant_id = :tenant_id AND token_class = 0 GROUP BY sgc, krn, kt",
    ),
)
"""What follows from the entries, the sales and the tokens by one statement a table, and is made
again by rebuild()."""

_UNBALANCED = (
    "SELECT entry_no, SUM(amount) FROM posting WHERE tenant_id = :tenant_id "
    "GROUP BY entry_no HAVING SUM(amount) <> 0 ORDER BY entry_no"
)
_EMPTY = (
    "SELECT e.entry_no FROM ledger_entry e WHERE e.tenant_id = :tenant_id AND NOT EXISTS "
    "(SELECT 1 FROM posting p WHERE p.tenant_id = e.tenant_id AND p.entry_no = e.entry_no) "
    "ORDER BY e.entry_no"
)
_LOOSE = (
    "SELECT DISTINCT p.entry_no FROM posting p WHERE p.tenant_id = :tenant_id AND NOT EXISTS "
    "(SELECT 1 FROM ledger_entry e WHERE e.tenant_id = p.tenant_id AND e.entry_no = p.entry_no) "
    "ORDER BY p.entry_no"
)
_NUMBERS = "SELECT COUNT(*), MAX(entry_no) FROM ledger_entry WHERE tenant_id = :tenant_id"


def verify(view: View) -> list[str]:
    """Check every entry, and every row of DERIVED against the entries. Return what is wrong, one
    sentence each; nothing when all is right."""
    wrong = [f"Entry {no} is not balanced: {int(sum_)}." for no, sum_ in _rows(view, _UNBALANCED)]
    wrong += [f"Entry {no} has no postings." for (no,) in _rows(view, _EMPTY)]
    wrong += [f"Postings have the number {no} of no entry." for (no,) in _rows(view, _LOOSE)]
    wrong += _gaps(view)
    for derived in DERIVED:
        wrong += _compare(view, derived)
    return wrong


def entries(view: View) -> int:
    """Return the number of entries."""
    ((count, _),) = _rows(view, _NUMBERS)
    return int(count)


def _gaps(view: View) -> list[str]:
    ((count, last),) = _rows(view, _NUMBERS)
    counter = view.session.get(Counter, (view.tenant_id, SERIES))
    taken = 0 if counter is None else counter.value
    if count == (last or 0) == taken:
        return []
    return [f"The ledger has {count} entries; the last is {last}, and {taken} numbers are taken."]


def _compare(view: View, derived: Derived) -> list[str]:
    """Return what is wrong with a derived table: rows that differ, are missing, or too many."""
    size = len(derived.key)
    only_expected = _rows(view, f"{derived.expected} EXCEPT {derived.present}")
    only_present = _rows(view, f"{derived.present} EXCEPT {derived.expected}")
    expected = {tuple(row[:size]): tuple(row[size:]) for row in only_expected}
    present = {tuple(row[:size]): tuple(row[size:]) for row in only_present}
    wrong = []
    for key in sorted({*expected, *present}, key=str):
        name = f"{derived.title} {' '.join(str(part) for part in key)}".rstrip()
        is_, should = (_shown(found.get(key)) for found in (present, expected))
        wrong.append(f"{name} is {is_}, but it should be {should}.")
    if len(wrong) > _SHOWN:
        wrong[_SHOWN:] = [f"{derived.title}: {len(wrong) - _SHOWN} more rows are wrong."]
    return wrong


def _shown(values: tuple[object, ...] | None) -> str:
    return "missing" if values is None else ", ".join(str(value) for value in values)


def _rows(view: View, query: str) -> list[tuple[Any, ...]]:
    found = view.session.execute(text(query), {"tenant_id": view.tenant_id})
    return [tuple(row) for row in found]


def hold(work: Work) -> None:
    """Keep sales, voids, credit notes and postings out until the unit of work ends: whatever
    changes a derived row waits. On SQLite a unit of work is alone anyway."""
    if work.session.get_bind().dialect.name == "postgresql":
        # Each of them locks its meter's row first; the counter is what every posting takes.
        work.session.execute(text("LOCK TABLE meter IN EXCLUSIVE MODE"))
    work.session.execute(
        text("UPDATE counter SET value = value WHERE tenant_id = :tenant_id AND name = :name"),
        {"tenant_id": work.tenant_id, "name": SERIES},
    )


def rebuild(work: Work) -> None:
    """Make all rows of DERIVED again, in this moment. Entries are not touched."""
    hold(work)
    tenant = {"tenant_id": work.tenant_id}
    for derived in DERIVED:
        work.session.execute(
            text(f"DELETE FROM {derived.table} WHERE tenant_id = :tenant_id"), tenant
        )
        work.session.execute(
            text(
                f"INSERT INTO {derived.table} (tenant_id, {derived.columns}) "
                f"SELECT CAST(:tenant_id AS INTEGER), {derived.columns} "
                f"FROM ({derived.expected}) AS expected"
            ),
            tenant,
        )
    work.session.expire_all()
    chain.record(work, ACTION, "ledger", "rebuild")
