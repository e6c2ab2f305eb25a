"""The search box of a list: which customers or meters a text means, a page at a time.

Numbers by their beginning and words by their beginning are found in an index. Where that finds
nothing, the text is searched for in the middle of numbers and names, which reads every row.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select

from tjugo import search_words
from tjugo.station.registry import find
from tjugo.station.storage.chunks import chunks
from tjugo.station.storage.paging import contains
from tjugo.station.storage.tables import Collector, Customer, Meter, SearchWord, ServiceLink
from tjugo.station.work import View

_FEW = 2000
"""Up to so many customers are found by the index; of more, the first ones are soon met by reading
them in their order."""
_WORDS_MOST = 8
_COLLECTORS = 100


def customers(view: View, text: str, after: str, most: int) -> list[str]:
    """Return the account numbers after `after`, in order and up to `most`, of the customers that a
    text means: by beginnings of words of their data, or of the DRN of a meter that serves them."""
    words = _words(text)
    if not words:
        return []
    few = _few(view, text, words)
    sources: list[Any] = [_common(view, words, Customer.account_no) if few is None else few]
    sources.append(_served(view, words))
    found = _page(view, sources, Customer.account_no, after, most)
    if found or (after and _page(view, sources, Customer.account_no, "", 1)):
        return found
    columns = (Customer.account_no, Customer.name, Customer.phone, Customer.address)
    link = select(ServiceLink.account_no).where(_now(view), contains(text, ServiceLink.drn))
    either = or_(contains(text, *columns), Customer.account_no.in_(link))
    everywhere = select(Customer.account_no).where(Customer.tenant_id == view.tenant_id, either)
    return _page(view, [everywhere], Customer.account_no, after, most)


def meters(
    view: View, text: str, after: str, most: int, among: Select[Any] | None = None
) -> list[str]:
    """Return the DRNs after `after`, in order and up to `most`, of the meters that a text means:
    by the beginning of the DRN, part of the collector's name, or a customer as above. among: a
    query of the DRNs that are searched, None for all."""
    words = _words(text)
    if not words:
        return []
    sources: list[Any] = [_meters(view, one) for one in find.drn_ranges(Meter.drn, "".join(words))]
    sources += [_meters(view, Meter.collector_id == name) for name in _collectors(view, text)]
    few = _few(view, text, words)
    if few is None:
        sources.append(_common(view, words, ServiceLink.drn))
    else:
        sources.append(_meters_of(view, few))
    found = _page(view, sources, Meter.drn, after, most, among)
    if found or (after and _page(view, sources, Meter.drn, "", 1, among)):
        return found
    in_number = [_meters(view, contains(text, Meter.drn))]
    found = _page(view, in_number, Meter.drn, after, most, among)
    if found or (after and _page(view, in_number, Meter.drn, "", 1, among)):
        return found
    named = select(Customer.account_no).where(
        Customer.tenant_id == view.tenant_id, contains(text, Customer.name, Customer.account_no)
    )
    in_name = _meters(view, Meter.drn.in_(select(ServiceLink.drn).where(_now(view), _of(named))))
    return _page(view, [in_name], Meter.drn, after, most, among)


def _words(text: str) -> list[str]:
    return list(dict.fromkeys(search_words.split(text[:200])))[:_WORDS_MOST]


def _now(view: View) -> ColumnElement[bool]:
    return and_(ServiceLink.tenant_id == view.tenant_id, ServiceLink.until.is_(None))


def _of(accounts: Any) -> ColumnElement[bool]:
    return ServiceLink.account_no.in_(accounts)


def _meters(view: View, condition: ColumnElement[bool]) -> Select[Any]:
    return select(Meter.drn).where(Meter.tenant_id == view.tenant_id, condition)


def _collectors(view: View, text: str) -> Sequence[str]:
    query = select(Collector.collector_id).where(
        Collector.tenant_id == view.tenant_id, contains(text, Collector.collector_id)
    )
    return view.session.scalars(query.limit(_COLLECTORS)).all()


def _few(view: View, text: str, words: Sequence[str]) -> set[str] | None:
    """Return the accounts of customers with the words or the number, None if there are many."""
    counts = {word: find.count(view, word, _FEW) for word in words}
    rarest, *others = sorted(words, key=lambda word: (counts[word], -len(word)))
    if counts[rarest] >= _FEW:
        return None
    query = select(SearchWord.account_no).where(
        SearchWord.tenant_id == view.tenant_id, find.begins(rarest)
    )
    if others:
        query = query.join(
            Customer,
            and_(
                Customer.tenant_id == SearchWord.tenant_id,
                Customer.account_no == SearchWord.account_no,
            ),
        ).where(*_has(others))
    whole = "".join(words)[: search_words.LONGEST]
    return {*view.session.scalars(query), *find.numbered(view, text, whole)}


def _common(view: View, words: Sequence[str], column: Any) -> Select[Any]:
    """Return the query of accounts, or of the DRNs of meters, whose customers have the words."""
    if column is Customer.account_no:
        return select(column).where(Customer.tenant_id == view.tenant_id, *_has(words))
    of_link = and_(
        Customer.tenant_id == view.tenant_id, Customer.account_no == ServiceLink.account_no
    )
    return select(column).join(Customer, of_link).where(_now(view), *_has(words))


def _has(words: Iterable[str]) -> list[ColumnElement[bool]]:
    return [Customer.search.like(f"% _{word}%") for word in words]


def _served(view: View, words: Sequence[str]) -> set[str]:
    """Return accounts that meters serve whose DRN begins so, up to some."""
    found: set[str] = set()
    for range_ in find.drn_ranges(ServiceLink.drn, "".join(words)):
        query = select(ServiceLink.account_no).where(_now(view), range_)
        found |= set(view.session.scalars(query.order_by(ServiceLink.drn).limit(_FEW)))
    return found


def _meters_of(view: View, accounts: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for part in chunks(sorted(accounts)):
        found |= set(view.session.scalars(select(ServiceLink.drn).where(_now(view), _of(part))))
    return found


def _page(
    view: View,
    sources: Sequence[Select[Any] | set[str]],
    column: Any,
    after: str,
    most: int,
    among: Select[Any] | None = None,
) -> list[str]:
    """Return the keys of all sources after one, in order, each once, up to `most`."""
    found: set[str] = set()
    for source in sources:
        if isinstance(source, set):
            found |= _among(view, {key for key in source if key > after}, among)
        else:
            key = source.selected_columns[0]
            source = source if among is None else source.where(key.in_(among))
            found |= set(view.session.scalars(source.where(key > after).order_by(key).limit(most)))
    return sorted(found)[:most]


def _among(view: View, keys: set[str], among: Select[Any] | None) -> set[str]:
    if among is None:
        return keys
    (column,), found = among.selected_columns, set[str]()
    for part in chunks(sorted(keys)):
        found |= set(view.session.scalars(among.where(column.in_(part))))
    return found
