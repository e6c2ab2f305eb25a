"""Tokens for the purchases of a batch: the TID and the digits of each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sts_portable import amount
from tjugo import counted
from tjugo.errors import TjugoError, Unavailable
from tjugo.station.keys.backend import CreditRequest, next_tid
from tjugo.station.vending import keychange, tids
from tjugo.station.vending.facts import MeterFacts
from tjugo.station.vending.item import Item, NewToken
from tjugo.station.vending.keychange import PlannedChange
from tjugo.station.work import Work

ELECTRICITY, ELECTRICITY_MONEY = 0, 4
"""Subclasses of class 0."""
NO_RND = 0
"""The random number of a token of money, which has none."""


@dataclass(frozen=True)
class _Wanted:
    """A token that is to be made."""

    item: Item
    kind: str
    request: CreditRequest


def credit_tokens(work: Work, items: list[Item]) -> None:
    """Make the tokens of each item, in the order of entry: a key change that is due, then free
    units, then those that are paid. The refusal of a key is the item's refusal; Unavailable, which
    may pass, its outcome."""
    earliest = tids.earliest(work)
    changes = keychange.due(work, [item.meter.config.drn for item in items if item.meter])
    wanted: list[_Wanted] = []
    for item in items:
        try:
            wanted += _wanted(work, item, changes, earliest)
        except TjugoError as error:
            _refuse(item, error)
    for one, made in zip(wanted, _made(work, wanted), strict=True):
        if isinstance(made, TjugoError):
            _refuse(one.item, made)
        elif one.item.quote is not None:
            one.item.tokens.append(_token(one, made))


def _token(wanted: _Wanted, digits: str) -> NewToken:
    request = wanted.request
    if request.subclass == ELECTRICITY_MONEY:
        return NewToken(wanted.kind, request.tid, 0, 0, digits, request.units)
    carried = amount.decode(amount.encode(request.units))
    return NewToken(wanted.kind, request.tid, request.units, carried, digits)


def _made(work: Work, wanted: list[_Wanted]) -> Sequence[str | TjugoError]:
    """Return the digits of each token, or why there are none."""
    try:
        return work.backend.issue_credit_tokens([one.request for one in wanted])
    except TjugoError as error:  # of all keys: they are locked
        return [error] * len(wanted)


def _refuse(item: Item, error: TjugoError) -> None:
    item.quote = None
    if isinstance(error, Unavailable):
        item.outcome = error
    else:
        item.refusal = error


def _wanted(
    work: Work, item: Item, changes: dict[str, PlannedChange], earliest: datetime
) -> list[_Wanted]:
    """Return what an item's tokens are made of, each with its TID. Raise TjugoError."""
    quote = item.quote
    assert quote is not None
    meter = _with_key(work, item, changes)
    last, found = meter.last_tid, []
    for kind, tenths in (("free", quote.free_tenths), (_paid_kind(item), quote.tenths)):
        if tenths > 0:
            last = _tid(work, meter, earliest, last)
            request = CreditRequest(meter.config, ELECTRICITY, tenths, last, work.randbelow(16))
            found.append(_Wanted(item, kind, request))
    if quote.credit:
        assert item.tariff is not None
        credit = counted.carried_of_minor(quote.credit, item.tariff.rules.currency)
        last = _tid(work, meter, earliest, last)
        request = CreditRequest(meter.config, ELECTRICITY_MONEY, credit, last, NO_RND)
        found.append(_Wanted(item, _paid_kind(item), request))
    return found


def _with_key(work: Work, item: Item, changes: dict[str, PlannedChange]) -> MeterFacts:
    """Return the meter with the key that it has after the key change that is due, if any."""
    meter = item.meter
    assert meter is not None
    planned = changes.get(meter.config.drn)
    if planned is None:
        return meter
    item.change = keychange.prepare(work, meter.config, planned)
    new = item.change.config
    if new.bdt == meter.config.bdt:
        item.meter = replace(meter, config=new)
    else:  # the last TID of the new base date is to be found
        item.meter = replace(meter, config=new, last_tid=None, misdated=True)
    return item.meter


def _paid_kind(item: Item) -> str:
    return "replacement" if item.purchase.kind == "replacement" else "credit"


def _tid(work: Work, meter: MeterFacts, earliest: datetime, last: int | None) -> int:
    if meter.misdated:
        return tids.next_free(work, meter.config, last)
    return next_tid(meter.config, earliest, last)
