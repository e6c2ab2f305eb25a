"""The words by which customers are found: written when a customer or a link changes, checked and
rebuilt by a command."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update

from tjugo import search_words
from tjugo.station.storage.chunks import chunks
from tjugo.station.storage.tables import Customer, SearchWord, ServiceLink
from tjugo.station.work import View, Work

_PART = 5000
_AT_ONCE = {"synchronize_session": False}  # no object of these rows is in use
_COLUMNS = (
    *(Customer.account_no, Customer.name, Customer.phone, Customer.id_no, Customer.address),
    *(Customer.email, Customer.search),
)


def write(work: Work, account_nos: Sequence[str]) -> None:
    """Write the words of these customers anew, where they changed. Called after each change of a
    customer, or of a link with a service point."""
    work.session.flush()
    for part in chunks(sorted(set(account_nos))):
        query = select(*_COLUMNS).where(
            Customer.tenant_id == work.tenant_id, Customer.account_no.in_(part)
        )
        _write(work, work.session.execute(query).all())


def remove(work: Work, account_no: str) -> None:
    """Remove the words of a customer who is about to be removed."""
    customer = work.session.get_one(Customer, (work.tenant_id, account_no))
    _delete(work, account_no, search_words.parted(customer.search))


def rebuild(work: Work) -> int:
    """Write the words of all customers anew; return the number of customers."""
    work.session.flush()
    everything = delete(SearchWord).where(SearchWord.tenant_id == work.tenant_id)
    work.session.execute(everything, execution_options=_AT_ONCE)
    emptied = update(Customer).where(Customer.tenant_id == work.tenant_id).values(search="")
    work.session.execute(emptied, execution_options=_AT_ONCE)
    return sum(_write(work, rows) for rows in _parts(work))


def verify(view: View) -> list[str]:
    """Return what is wrong with the words, one sentence each."""
    wrong, expected = [], _Sum()
    for rows in _parts(view):
        for row, words in _words(view, rows):
            if search_words.joined(words) != row.search:
                wrong.append(f"Account {row.account_no} is not found by all of its words.")
            for field, word in words:
                expected.add(row.account_no, field, word)
    stored = _Sum()
    query = select(SearchWord.account_no, SearchWord.field, SearchWord.word).where(
        SearchWord.tenant_id == view.tenant_id
    )
    for account_no, field, word in view.session.execute(query.execution_options(yield_per=_PART)):
        stored.add(account_no, field, word)
    if vars(stored) != vars(expected):
        wrong.append(
            f"The search has {stored.count} words of customers, and should have the "
            f"{expected.count} of their data."
        )
    return wrong


class _Sum:
    """The number of words and a sum over them, in any order: two sets of millions of words are
    compared without holding them."""

    def __init__(self) -> None:
        self.count = 0
        self.sum = 0

    def add(self, account_no: str, field: int, word: str) -> None:
        self.count += 1
        self.sum ^= hash((account_no, field, word))


def _parts(view: View) -> Iterator[Sequence[Any]]:
    """Return all customers in portions."""
    after = ""
    while True:
        query = (
            select(*_COLUMNS)
            .where(Customer.tenant_id == view.tenant_id, Customer.account_no > after)
            .order_by(Customer.account_no)
            .limit(_PART)
        )
        rows = view.session.execute(query).all()
        if not rows:
            return
        yield rows
        after = rows[-1].account_no


def _words(view: View, rows: Sequence[Any]) -> Iterator[tuple[Any, list[search_words.Word]]]:
    """Return each customer with the words that it should have."""
    places: dict[str, list[str | None]] = {}
    for part in chunks([row.account_no for row in rows]):
        query = select(ServiceLink.account_no, ServiceLink.service_point).where(
            ServiceLink.tenant_id == view.tenant_id,
            ServiceLink.account_no.in_(part),
            ServiceLink.until.is_(None),
            ServiceLink.service_point.is_not(None),
        )
        for account_no, place in view.session.execute(query):
            places.setdefault(account_no, []).append(place)
    for row in rows:
        where = [row.address, row.email, *places.get(row.account_no, ())]
        yield (
            row,
            search_words.of_customer(row.account_no, row.name, row.phone, row.id_no, where),
        )


def _write(work: Work, rows: Sequence[Any]) -> int:
    texts, new = [], []
    for row, words in _words(work, rows):
        text = search_words.joined(words)
        if text == row.search:
            continue
        if row.search:
            _delete(work, row.account_no, search_words.parted(row.search))
        key = {"tenant_id": work.tenant_id, "account_no": row.account_no}
        texts.append({**key, "search": text})
        new += [{**key, "field": field, "word": word} for field, word in words]
    if texts:
        work.session.execute(update(Customer), texts)
        work.session.execute(insert(SearchWord), new)
    return len(rows)


def _delete(work: Work, account_no: str, words: Sequence[search_words.Word]) -> None:
    for field, word in words:
        query = delete(SearchWord).where(
            SearchWord.tenant_id == work.tenant_id,
            SearchWord.word == word,
            SearchWord.field == field,
            SearchWord.account_no == account_no,
        )
        work.session.execute(query, execution_options=_AT_ONCE)
