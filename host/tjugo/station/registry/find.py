"""Look-up for selling: a meter or a customer by whatever the person at the counter gives."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal, select

from sts_portable import pan
from tjugo import drn as drn_numbers
from tjugo import search_words
from tjugo.search_words import NAME, NUMBER, PHONE_END
from tjugo.station.storage.tables import Customer, Meter, SearchWord, ServiceLink
from tjugo.station.work import View

LIMIT = 20
MOST = 100
_CANDIDATES = 120
# A word of more customers than this is examined to the end only where little else is found.
_COMMON = 5000
_LEAST_DIGITS = 4  # the fewest digits that are searched for in meter and phone numbers
_WORDS_MOST = 8
_ZEROS_LOST = 3
_PAN_DIGITS = 18
_END = "{"  # follows every letter and digit
METER, ACCOUNT, PHONE, ID_NO, FULL_NAME, IN_NAME, ELSEWHERE, PART = range(8)
MATCHES = ("meter", "account", "phone", "id_no", "name", "name_part", "other", "meter_part")
"""What the text was found in, best first."""


@dataclass(frozen=True)
class Found:
    """A meter with its customer, or a customer without a meter (drn None), to be confirmed before
    money is taken. matched: one of MATCHES."""

    drn: str | None
    status: str | None
    account_no: str | None
    name: str | None
    phone: str | None
    address: str | None
    service_point: str | None
    matched: str


def find(view: View, text: str, limit: int = LIMIT) -> list[Found]:
    """Return the meters and customers that a text can mean, exact numbers first.

    text: a meter number (leading zeros may be missing, or the 18 digits of a MeterPAN), or an
    account, phone or id number; otherwise beginnings of words of the name and the address, in any
    order, without accents. A text without letters and digits finds nothing.
    """
    limit = max(1, min(limit, MOST))
    words = search_words.split(text[:200])[:_WORDS_MOST]
    if not words:
        return []
    whole = "".join(words)[: search_words.LONGEST]
    numeric = whole.isdecimal()
    drns = _drns(view, whole) if numeric else {}
    accounts = numbered(view, text, whole)
    if not numeric or len(words) == 1 or not (drns or accounts):
        accounts |= set(_worded(view, words))
    found = _found(view, drns, accounts, _Asked(text, whole, words))
    return [row for _, row in sorted(found, key=lambda pair: pair[0])[:limit]]


def _drns(view: View, number: str) -> dict[str, int]:
    """Return the registered meters whose number this is, or begins so."""
    exact: list[str] = []
    try:
        if len(number) == _PAN_DIGITS:
            exact = [pan.drn_from_pan(number)]
        else:
            exact = list(drn_numbers.readings(number))
    except pan.PanError:
        pass
    found = _meters(view, Meter.drn.in_(exact)) if exact else []
    if found:
        return dict.fromkeys(found, METER)
    parts: list[str] = []
    for range_ in drn_ranges(Meter.drn, number):
        parts += _meters(view, range_)
    return dict.fromkeys(parts, PART)


def drn_ranges(column: Any, number: str) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions on a column of DRNs that begin with a number, each a range of an index:
    leading zeros may be missing. None for a text that is no number, too short, or too long."""
    if number.isdecimal() and _LEAST_DIGITS <= len(number) <= drn_numbers.LONG:
        for zeros in range(_ZEROS_LOST + 1):
            begin = "0" * zeros + number
            yield and_(column >= begin, column < begin + _END)


def _meters(view: View, condition: ColumnElement[bool]) -> list[str]:
    query = select(Meter.drn).where(Meter.tenant_id == view.tenant_id, condition)
    return list(view.session.scalars(query.order_by(Meter.drn).limit(_CANDIDATES)))


def numbered(view: View, text: str, whole: str) -> set[str]:
    """Return the accounts with this account, phone or id number, or that begin so."""
    # One query for each range of the index: no database finds ranges joined by OR in it.
    conditions = [
        begins(word) & (SearchWord.field == NUMBER) for word in search_words.number_words(whole)
    ]
    dialled = search_words.digits(text)
    if whole.isdecimal() and len(dialled) >= _LEAST_DIGITS:
        back = dialled[::-1]
        # The number is stored with the country's prefix and given without, or the reverse.
        shorter = [back[:n] for n in range(search_words.LEAST_PHONE, len(back))]
        conditions += [
            begins(back) & (SearchWord.field == PHONE_END),
            SearchWord.word.in_(shorter) & (SearchWord.field == PHONE_END),
            begins(dialled) & (SearchWord.field == NUMBER),
        ]
    found: set[str] = set()
    for condition in conditions:
        query = select(SearchWord.account_no).where(
            SearchWord.tenant_id == view.tenant_id, condition
        )
        found |= set(view.session.scalars(query.limit(_CANDIDATES)))
    return found


def begins(word: str) -> ColumnElement[bool]:
    return and_(SearchWord.word >= word, SearchWord.word < word + _END)


def _worded(view: View, words: Sequence[str]) -> list[str]:
    """Return accounts of which each word is the beginning of a word."""
    different = list(dict.fromkeys(words))
    if len(different) == 1:
        # In the index's order: whole words before longer ones, names before addresses.
        query = select(SearchWord.account_no)
        query = query.where(SearchWord.tenant_id == view.tenant_id, begins(different[0]))
        query = query.order_by(SearchWord.word, SearchWord.field, SearchWord.account_no)
        return list(dict.fromkeys(view.session.scalars(query.limit(_CANDIDATES))))
    counts = {word: count(view, word, _COMMON) for word in different}
    rarest, *others = sorted(different, key=lambda word: (counts[word], -len(word)))
    of_word = [SearchWord.tenant_id == view.tenant_id, begins(rarest)]
    first = select(SearchWord.account_no).where(*of_word).limit(_COMMON).subquery()
    query = (
        select(Customer.account_no)
        .join(first, first.c.account_no == Customer.account_no)
        .where(Customer.tenant_id == view.tenant_id)
        .where(*(Customer.search.like(f"% _{word}%") for word in others))
        .distinct()
        .limit(_CANDIDATES)
    )
    found = list(view.session.scalars(query))
    if found or counts[rarest] < _COMMON:
        return found
    each = [
        select(SearchWord.account_no).where(SearchWord.tenant_id == view.tenant_id, begins(word))
        for word in (rarest, *others)
    ]
    both = each[0].intersect(*each[1:]).subquery()
    return list(view.session.scalars(select(both.c.account_no).limit(_CANDIDATES)))


def count(view: View, word: str, most: int) -> int:
    """Return the number of rows with words that begin so, at most `most`."""
    some = select(literal(1)).where(SearchWord.tenant_id == view.tenant_id, begins(word))
    counted = select(func.count()).select_from(some.limit(most).subquery())
    return view.session.scalar(counted) or 0


@dataclass(frozen=True)
class _Asked:
    text: str
    whole: str
    words: Sequence[str]

    def rank(self, customer: Any) -> int:
        """Return what the text was found in, the first of MATCHES."""
        numbers = search_words.number_words(self.whole)
        if numbers & search_words.number_words(customer.account_no):
            return ACCOUNT
        dialled, phone = search_words.digits(self.text), search_words.digits(customer.phone or "")
        least = search_words.LEAST_PHONE
        if self.whole.isdecimal() and min(len(dialled), len(phone)) >= least:
            if dialled.endswith(phone) or phone.endswith(dialled):
                return PHONE
        if numbers & search_words.number_words(customer.id_no or ""):
            return ID_NO
        name = {word for field, word in search_words.parted(customer.search) if field == NAME}
        if name.issuperset(self.words):
            return FULL_NAME
        if all(any(has.startswith(word) for has in name) for word in self.words):
            return IN_NAME
        return ELSEWHERE


# The columns of what is found: rows of columns are read in a fraction of the time of objects.
_METER = (Meter.drn, Meter.status)
_LINK = (ServiceLink.service_point,)
_CUSTOMER = (
    *(Customer.account_no, Customer.name, Customer.phone, Customer.address, Customer.id_no),
    Customer.search,
)


def _found(
    view: View, drns: dict[str, int], accounts: Iterable[str], asked: _Asked
) -> list[tuple[tuple[int, str, str, str], Found]]:
    """Return the meters, and the accounts with the meters that serve them now, each with its place
    in the order."""
    link, tenant = ServiceLink, view.tenant_id
    of_meter = and_(link.tenant_id == tenant, link.drn == Meter.drn, link.until.is_(None))
    of_link = and_(Customer.tenant_id == tenant, Customer.account_no == link.account_no)
    rows: list[Any] = []
    if drns:
        query = select(*_METER, *_LINK, *_CUSTOMER).select_from(Meter).outerjoin(link, of_meter)
        query = query.outerjoin(Customer, of_link)
        query = query.where(Meter.tenant_id == tenant, Meter.drn.in_(drns))
        rows += view.session.execute(query)
    if accounts:
        served = and_(
            link.tenant_id == tenant,
            link.account_no == Customer.account_no,
            link.until.is_(None),
        )
        at = and_(Meter.tenant_id == tenant, Meter.drn == link.drn)
        query = select(*_METER, *_LINK, *_CUSTOMER).select_from(Customer).outerjoin(link, served)
        query = query.outerjoin(Meter, at)
        query = query.where(Customer.tenant_id == tenant, Customer.account_no.in_(list(accounts)))
        rows += [row for row in view.session.execute(query) if row.drn not in drns]
    found = []
    for row in rows:
        rank = ELSEWHERE if row.account_no is None else asked.rank(row)
        rank = min(rank, drns.get(row.drn, rank))
        shown = {name: getattr(row, name) for name in _SHOWN}
        place = (rank, row.name or "", row.account_no or "", row.drn or "")
        found.append((place, Found(**shown, matched=MATCHES[rank])))
    return found


_SHOWN = [field.name for field in fields(Found) if field.name != "matched"]
