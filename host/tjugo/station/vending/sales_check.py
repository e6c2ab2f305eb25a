"""The check of all sales: each receipt against its row, its tokens and its ledger entry, and the
receipt numbers of every outlet, which have no gap. Sales are read in parts, whatever their number.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import Any

from sqlalchemy import Row, func, select

from tjugo.errors import TjugoError
from tjugo.station.ledger import accounts
from tjugo.station.receipts.model import Receipt
from tjugo.station.storage.tables import (
    Counter,
    LedgerEntry,
    PlainToken,
    Posting,
    Sale,
    Token,
)
from tjugo.station.vending.postings import credited
from tjugo.station.vending.purchase import RECEIPTS
from tjugo.station.work import View

PART = 500
_MOST = 100  # sentences
_RECEIVED = "received"  # what the till or the vendor got, of all means
_KINDS = {"payment": accounts.PAYMENT, "credit_note": accounts.CREDIT_NOTE}
_COLUMNS: tuple[Any, ...] = (
    *(Sale.client, Sale.client_id, Sale.kind, Sale.outlet, Sale.receipt_no, Sale.operator),
    *(Sale.drn, Sale.account_no, Sale.currency, Sale.tendered, Sale.change, Sale.sold_at),
    *(Sale.tariff, Sale.receipt),
)

Key = tuple[str, str]


def damaged(view: View) -> tuple[int, list[str]]:
    """Return how many sales there are, and what is wrong with them, one sentence each; of many
    sentences the first ones."""
    found, count = _Found(), 0
    last: dict[str, int] = {}
    before = _counters(view)
    query = select(*_COLUMNS).where(Sale.tenant_id == view.tenant_id)
    query = query.order_by(Sale.outlet, Sale.receipt_no).execution_options(yield_per=PART)
    for part in view.session.execute(query).partitions():
        count += len(part)
        for sale, sentence in _wrong(view, part):
            found.add(f"Receipt {sale.outlet} {sale.receipt_no}: {sentence}")
        for sale in part:
            expected = last.get(sale.outlet, 0) + 1
            if sale.receipt_no != expected:
                name = _range(expected, sale.receipt_no - 1)
                found.add(f"Outlet {sale.outlet}: {name} missing before {sale.receipt_no}.")
            last[sale.outlet] = sale.receipt_no
    after = _counters(view)  # what is sold meanwhile is between the two
    for outlet in sorted({*last, *before}):
        if not before.get(outlet, 0) <= last.get(outlet, 0) <= after.get(outlet, 0):
            found.add(
                f"Outlet {outlet}: the last receipt is {last.get(outlet, 'missing')}, but "
                f"{after.get(outlet, 0)} numbers are taken."
            )
    return count, found.sentences()


class _Found:
    """The first sentences, and how many there are."""

    def __init__(self) -> None:
        self._first: list[str] = []
        self._more = 0

    def add(self, sentence: str) -> None:
        if len(self._first) < _MOST:
            self._first.append(sentence)
        else:
            self._more += 1

    def sentences(self) -> list[str]:
        more = [f"{self._more} more faults of sales."] if self._more else []
        return [*self._first, *more]


def _range(first: int, last: int) -> str:
    if first >= last:
        return f"receipt number {first} is"
    return f"receipt numbers {first} to {last} are"


def _counters(view: View) -> dict[str, int]:
    """Return the last receipt number that was taken, by outlet."""
    query = select(Counter.name, Counter.value).where(
        Counter.tenant_id == view.tenant_id, Counter.name.startswith(RECEIPTS, autoescape=True)
    )
    return {name.removeprefix(RECEIPTS): value for name, value in view.session.execute(query)}


def _wrong(view: View, part: Sequence[Row[Any]]) -> Iterator[tuple[Row[Any], str]]:
    tokens, entries = _tokens(view, part), _entries(view, part)
    for sale in part:
        try:
            printed = Receipt.from_json(sale.receipt)
        except TjugoError as error:
            yield sale, error.message
            continue
        for name, stored, shown in _fields(sale, printed):
            if stored != shown:
                yield sale, f"its row has {name} {stored}, its receipt {shown}."
        if sorted(tokens.get((sale.client, sale.client_id), [])) != sorted(
            token.digits for token in printed.tokens
        ):
            yield sale, "its tokens are not those that were issued."
        posted = entries.get((_kind(sale.kind), _ref(sale)), {})
        try:
            expected = _expected(sale, printed)
        except KeyError as error:
            yield sale, f"its receipt has a line of an unknown kind {error}."
            continue
        for account in sorted({*posted, *expected}):
            is_, should = posted.get(account, 0), expected.get(account, 0)
            if is_ != should:
                yield sale, f"the ledger has {is_} as {account}, its receipt {should}."


def _fields(sale: Row[Any], printed: Receipt) -> Iterator[tuple[str, object, object]]:
    """Yield name, value of the row and value of the receipt of what both have."""
    paid = printed.paid()
    yield "number", sale.receipt_no, printed.number
    yield "tendered", sale.tendered, -paid if sale.kind == "credit_note" else paid
    yield "account", sale.account_no, printed.customer.account_no if printed.customer else None
    if printed.meter is not None:
        yield "meter", sale.drn, printed.meter.drn
    yield "time", sale.sold_at.astimezone(UTC), printed.at.astimezone(UTC)
    for name in ("outlet", "kind", "client", "client_id", "operator", "currency", "change"):
        yield name, getattr(sale, name), getattr(printed, name)


def _expected(sale: Row[Any], printed: Receipt) -> dict[str, int]:
    """Return what the receipt posts, by account: minor units, debit is positive."""
    found: dict[str, int] = {}

    def add(account: str, amount: int) -> None:
        found[account] = found.get(account, 0) + amount

    for tender in printed.tendered:
        account = "customer_credit" if tender.means == "account" else _RECEIVED
        add(account, tender.amount)
    add(_RECEIVED, -printed.change)
    for line in printed.lines:
        if line.kind == "change":  # of an early version: given back in cash
            add(_RECEIVED, -line.amount)
        elif sale.kind == "payment" and not line.code.isdecimal():
            add("customer_credit", -line.amount)
        elif line.kind != "free":
            add(credited(line, sale.tariff or "", sale.account_no or "")[0], -line.amount)
    sign = -1 if sale.kind == "credit_note" else 1
    return {account: sign * amount for account, amount in found.items() if amount}


def _kind(kind: str) -> str:
    return _KINDS.get(kind, accounts.SALE)


def _ref(sale: Row[Any]) -> str:
    return f"{sale.client}/{sale.client_id}"


def _tokens(view: View, part: Sequence[Row[Any]]) -> dict[Key, list[str]]:
    """Return the digits of the tokens of these sales, by request."""
    ids: dict[str, list[str]] = {}
    for sale in part:
        ids.setdefault(sale.client, []).append(sale.client_id)
    found: dict[Key, list[str]] = {}
    for table in (Token, PlainToken):
        for client, of_client in ids.items():  # one client at a time: that is what an index finds
            query = select(table.client_id, table.digits).where(
                table.tenant_id == view.tenant_id,
                table.client == client,
                table.client_id.in_(of_client),
            )
            for client_id, digits in view.session.execute(query):
                found.setdefault((client, client_id), []).append(digits)
    return found


def _entries(view: View, part: Sequence[Row[Any]]) -> dict[Key, dict[str, int]]:
    """Return the sums of the postings of these sales by account, by kind and ref of the entry."""
    refs: dict[str, list[str]] = {}
    for sale in part:
        refs.setdefault(_kind(sale.kind), []).append(_ref(sale))
    entries: dict[int, Key] = {}
    for kind, of_kind in refs.items():
        query = select(LedgerEntry.entry_no, LedgerEntry.ref).where(
            LedgerEntry.tenant_id == view.tenant_id,
            LedgerEntry.kind == kind,
            LedgerEntry.ref.in_(of_kind),
        )
        entries |= {number: (kind, ref) for number, ref in view.session.execute(query)}
    postings = (
        select(Posting.entry_no, Posting.account, func.sum(Posting.amount))
        .where(Posting.tenant_id == view.tenant_id, Posting.entry_no.in_(sorted(entries)))
        .group_by(Posting.entry_no, Posting.account)
    )
    found: dict[Key, dict[str, int]] = {}
    for number, account, amount in view.session.execute(postings):
        name = _RECEIVED if account in (*accounts.MEANS, "vendor") else account
        sums = found.setdefault(entries[number], {})
        sums[name] = sums.get(name, 0) + int(amount)
    return found
