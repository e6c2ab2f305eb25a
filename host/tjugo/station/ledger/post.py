"""Posting entries: double entry, append-only.

Entries are written at the end of their unit of work, together: the entries, their postings, and
the balances and day totals derived from them. A wrong entry is corrected by another one
(`tjugo.station.ledger.correct`); the database refuses to change or delete it.
"""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.exc import IntegrityError

from tjugo.errors import reason
from tjugo.station import clock, counters, days
from tjugo.station.ledger.accounts import ACCOUNTS
from tjugo.station.storage import driver
from tjugo.station.storage.rows import Rows
from tjugo.station.storage.tables import Balance, DayTotal, LedgerEntry, Posting
from tjugo.station.work import Work

SERIES = "ledger"
MOST = 10**15
"""The largest amount of a posting, minor units."""

PostingRow = tuple[str, str, int]
"""Account, party ("" for none), and amount in minor units; debit is positive."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One business event. kind and ref name it, so that it is posted once: a kind of
    `tjugo.station.ledger.accounts` and, for a sale, `<client>/<client_id>`. Postings of 0 are
    left out. actor: the work's unless given. new: the ref is a key that this unit of work has
    inserted, so that it cannot be posted already, and the server is not waited for."""

    kind: str
    ref: str
    postings: tuple[PostingRow, ...]
    outlet: str | None = None
    shift_no: int | None = None
    text: str | None = None
    actor: str | None = None
    new: bool = False


_ENTRIES = Rows(
    LedgerEntry,
    (
        *("tenant_id", "entry_no", "kind", "ref", "at", "day", "actor", "outlet", "shift_no"),
        "text",
    ),
)
_POSTINGS = Rows(Posting, ("tenant_id", "entry_no", "line", "account", "party", "amount"))
_BALANCES = Rows(
    Balance,
    ("tenant_id", "account", "party", "amount"),
    "(tenant_id, account, party) DO UPDATE SET amount = balance.amount + excluded.amount",
)
_DAY_TOTALS = Rows(
    DayTotal,
    ("tenant_id", "day", "kind", "account", "party", "outlet", "amount", "postings"),
    "(tenant_id, day, kind, account, party, outlet) DO UPDATE SET "
    "amount = day_total.amount + excluded.amount, "
    "postings = day_total.postings + excluded.postings",
)


def post(work: Work, entry: Entry) -> None:
    """Post an entry when the unit of work ends.

    Raise ValueError for an entry that is not balanced, has no posting, or has an unknown account
    or a party that its account does not permit; Unavailable (`clock_doubtful`) while the clock is
    not plausible: an entry never changes its day. The unit of work ends with Conflict
    (`entry_posted`) when the kind and ref are posted already.
    """
    _check(entry)
    clock.require(work)
    pending: list[Entry] = work.pending(SERIES, _write)
    pending.append(entry)


def waiting(work: Work) -> int:
    """Return how many entries are posted when the unit of work ends."""
    return len(work.pending(SERIES, _write))


def _check(entry: Entry) -> None:
    total = 0
    for account, party, amount in entry.postings:
        found = ACCOUNTS.get(account)
        if found is None:
            raise ValueError(f"there is no account {account!r}")
        if len(party) > 60 or (found.required and not party):
            raise ValueError(f"the account {account} has no party {party!r}")
        if not -MOST <= amount <= MOST:
            raise ValueError(f"the amount {amount} is out of range")
        total += amount
    if total:
        raise ValueError(f"the entry {entry.kind} {entry.ref} is not balanced: {total}")
    if not any(amount for _, _, amount in entry.postings):
        raise ValueError(f"the entry {entry.kind} {entry.ref} has no postings")
    if not 0 < len(entry.kind) <= 30 or not 0 < len(entry.ref) <= 120:
        raise ValueError("the kind has 1 to 30 characters, the ref 1 to 120")
    if entry.text is not None and len(entry.text) > 200:
        raise ValueError("the text has at most 200 characters")


def _write(work: Work, entries: list[Entry]) -> None:
    """Write the entries and what is derived from them, in four statements."""
    tenant, at = work.tenant_id, work.now()
    day = days.day(work, at)
    actor = work.actor[:80]
    first = counters.take(work, {SERIES: len(entries)})[SERIES]
    _insert(
        work,
        entries,
        [
            (tenant, no, e.kind, e.ref, at, day, e.actor or actor, e.outlet, e.shift_no, e.text)
            for no, e in enumerate(entries, first)
        ],
    )
    postings = []
    for no, entry in enumerate(entries, first):
        kept = [row for row in entry.postings if row[2]]
        postings += [(tenant, no, line, *row) for line, row in enumerate(kept, 1)]
    _POSTINGS.insert(work.session, postings)
    _derive(work, day, entries)


def _insert(work: Work, entries: list[Entry], rows: list[tuple[object, ...]]) -> None:
    try:
        _ENTRIES.insert(work.session, rows)
        if not all(entry.new for entry in entries):
            driver.settle(work.session.connection())
    except IntegrityError as error:
        raise reason("entry_posted", "This was posted in the ledger already.") from error


def _derive(work: Work, day: date, entries: list[Entry]) -> None:
    """Add the entries to the balances and day totals."""
    tenant = work.tenant_id
    balances: dict[tuple[str, str], int] = {}
    totals: dict[tuple[str, str, str, str], list[int]] = {}
    for entry in entries:
        outlet = entry.outlet or ""
        for account, party, amount in entry.postings:
            if amount:
                balances[account, party] = balances.get((account, party), 0) + amount
                total = totals.setdefault((entry.kind, account, party, outlet), [0, 0])
                total[0] += amount
                total[1] += 1
    # Sorted: two transactions lock the rows in the same order.
    _BALANCES.insert(work.session, [(tenant, *key, balances[key]) for key in sorted(balances)])
    _DAY_TOTALS.insert(work.session, [(tenant, day, *key, *totals[key]) for key in sorted(totals)])
