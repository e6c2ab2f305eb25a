"""Tokens for the purchases of a batch: the TID and the digits of each."""

from dataclasses import replace
from datetime import datetime

from sts_portable import amount
from tjugo.errors import TjugoError, Unavailable
from tjugo.key_register import MeterConfig
from tjugo.station.keys.backend import next_tid
from tjugo.station.vending import keychange, tids
from tjugo.station.vending.facts import MeterFacts
from tjugo.station.vending.item import Item, NewToken
from tjugo.station.vending.keychange import PlannedChange
from tjugo.station.work import Work

CREDIT, ELECTRICITY = 0, 0


def credit_tokens(work: Work, items: list[Item]) -> None:
    """Make the tokens of each item, in the order of entry: a key change that is due, then free
    units, then those that are paid. The refusal of a key is the item's refusal; Unavailable, which
    may pass, its outcome."""
    earliest = tids.earliest(work)
    changes = keychange.due(work, [item.meter.config.drn for item in items if item.meter])
    for item in items:
        quote = item.quote
        assert quote is not None
        wanted = [("free", quote.free_tenths), (_paid_kind(item), quote.tenths)]
        try:
            meter = _with_key(work, item, changes)
            config, last = meter.config, meter.last_tid
            for kind, tenths in wanted:
                if tenths > 0:
                    last = _tid(work, meter, earliest, last)
                    item.tokens.append(_token(work, config, kind, tenths, last))
        except Unavailable as error:
            item.outcome, item.quote = error, None
        except TjugoError as error:
            item.refusal, item.quote = error, None


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


def _token(work: Work, config: MeterConfig, kind: str, tenths: int, tid: int) -> NewToken:
    digits = work.backend.issue_credit_token(config, ELECTRICITY, tenths, tid, work.randbelow(16))
    return NewToken(kind, tid, tenths, amount.decode(amount.encode(tenths)), digits)
