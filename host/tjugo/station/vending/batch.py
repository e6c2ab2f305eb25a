"""Selling: up to BATCH purchases in one transaction, each with its own outcome.

A purchase becomes a sale (request, token, receipt, ledger entry, delivery) or a recorded refusal,
whatever becomes of the others. What is read and written is read and written for all of them at
once; the price and the token are computed in between, and rows that every sale changes (receipt
numbers, limits, balances) are locked last and shortly.
"""

import re
from collections.abc import Sequence
from decimal import Decimal

from sts_portable import pan
from tjugo.errors import TjugoError, Unavailable, reason
from tjugo.station import clock, settings
from tjugo.station.registry import status
from tjugo.station.registry.meters import checked_drn, repaired_drn
from tjugo.station.tariffs.carried import encodable_of
from tjugo.station.tariffs.effect import check_counts, effective
from tjugo.station.tariffs.model import Quote, Situation
from tjugo.station.tariffs.price import price_free, price_money, price_units
from tjugo.station.tariffs.situations import situations
from tjugo.station.vending import ahead, record, repeated, returned
from tjugo.station.vending.facts import MeterFacts, lock_and_read
from tjugo.station.vending.issue import credit_tokens
from tjugo.station.vending.item import Item, Outcome
from tjugo.station.vending.purchase import Purchase, check, check_payment, tenths
from tjugo.station.work import Work

BATCH = 64


def sell_many(work: Work, purchases: Sequence[Purchase], end: bool = False) -> list[Outcome]:
    """Sell to each purchase, in their order, and return their outcomes. end: nothing else belongs
    to this unit of work.

    A request id that was decided before gets its first outcome. Nothing may be disclosed before
    the unit of work is committed. Raise Unavailable when none can be decided now.
    """
    items = [_item(purchase) for purchase in purchases]
    later = _one_each(items)
    asked = [item for item in items if item.outcome is None and item not in later]
    drns = _numbers(work, asked)
    ahead.first(work, asked, drns)
    facts = lock_and_read(work, drns)
    _find(asked, facts)
    repeated.answer(work, asked)
    later += _one_account(asked)
    new = [item for item in asked if item.outcome is None and item not in later]
    if new:
        _decide(work, new)
        record.write(work, new, end and not later)
    if later:
        work.finish()  # what follows must see what these sales changed
        ordered = [item for item in items if item in later]
        outcomes = sell_many(work, [item.purchase for item in ordered], end)
        for item, outcome in zip(ordered, outcomes, strict=True):
            item.outcome = outcome
    return [_done(item) for item in items]


def _done(item: Item) -> Outcome:
    assert item.outcome is not None
    return item.outcome


def _item(purchase: Purchase) -> Item:
    typed = re.sub(r"[\s-]", "", purchase.drn)[:20].encode("ascii", "replace").decode()
    item = Item(purchase, typed)
    try:
        check(purchase)
    except TjugoError as error:
        item.outcome = error
    return item


def _one_each(items: list[Item]) -> list[Item]:
    """Return the items whose id or meter an earlier one has: they are decided after it."""
    seen: set[object] = set()
    later = []
    for item in items:
        if item.outcome is None:
            keys = {item.key, item.drn.lstrip("0")}
            if keys & seen:
                later.append(item)
            seen |= keys
    return later


def _one_account(items: list[Item]) -> list[Item]:
    """Return the items whose customer an earlier one has, by another meter: what the first one
    recovers of a debt, the second does not owe."""
    seen: set[str] = set()
    later = []
    for item in items:
        buyer = item.meter.buyer if item.meter and item.outcome is None else None
        if buyer is not None:
            if buyer.account_no in seen:
                later.append(item)
            seen.add(buyer.account_no)
    return later


def _numbers(work: Work, items: list[Item]) -> set[str]:
    """Return the meter numbers to look for. An invalid one is the item's refusal."""
    wanted = set()
    for item in items:
        try:
            if not pan.drn_valid(item.drn):
                item.drn = repaired_drn(work, item.drn) or checked_drn(item.drn)
        except TjugoError as error:
            item.refusal = error
            continue
        wanted |= {item.drn, item.drn.rjust(13, "0")}
    return wanted


def _find(items: list[Item], facts: dict[str, MeterFacts]) -> None:
    for item in items:
        item.meter = facts.get(item.drn) or facts.get(item.drn.rjust(13, "0"))


def _decide(work: Work, items: list[Item]) -> None:
    """Price the items and make their tokens, or note why they are refused."""
    at = work.now()
    ahead.prices(work, items)
    drns = [item.meter.config.drn for item in items if item.meter]
    tariffs = effective(work, drns, at)
    found = situations(work, drns, at, tariffs)
    limit = settings.get(work, "sale_limit_kwh")
    doubt = _doubt(work)
    for item in items:
        if item.meter is not None:
            item.tariff = tariffs.get(item.meter.config.drn)
        try:
            if item.refusal is None:
                check_payment(item.purchase)
                number = known(item).config.drn
                if doubt is not None:
                    raise doubt
                item.quote = price(item, found[number], limit)
        except Unavailable as error:
            item.outcome = error
        except TjugoError as error:
            item.refusal = error
    credit_tokens(work, [item for item in items if item.quote is not None])


def _doubt(work: Work) -> Unavailable | None:
    """Return why the clock is not plausible, or None."""
    try:
        clock.check(work)
    except Unavailable as error:
        return error
    return None


def known(item: Item) -> MeterFacts:
    """Return the item's meter. Raise TjugoError unless it is registered."""
    if item.meter is None:
        raise reason("meter_unknown", f"Meter {item.drn} is not registered here.")
    return item.meter


def price(item: Item, situation: Situation, limit: Decimal) -> Quote:
    """Return the price of an item whose meter and tariff are known. limit: the most kWh of one
    sale. Raise TjugoError when it is refused."""
    purchase, meter = item.purchase, known(item)
    check_payment(purchase)
    asked = None if purchase.kwh is None else tenths(purchase.kwh)
    if meter.status != status.INSTALLED:
        raise reason("meter_not_installed", status.sentence(meter.config.drn, meter.status))
    _check_limit(asked or 0, purchase, limit)
    if item.tariff is None:
        raise reason(
            "tariff_missing",
            f"No tariff is in effect for meter {meter.config.drn}. An administrator proposes one, "
            "and a second person approves it.",
        )
    check_counts(item.tariff, meter.config.drn, meter.counts)
    rules = item.tariff.rules
    encodable = encodable_of(rules)
    if purchase.kind == "free":
        quote = price_free(rules, situation, encodable)
    elif asked is not None:
        quote = price_units(rules, situation, asked, encodable)
    else:
        assert purchase.money is not None
        quote = price_money(rules, situation, purchase.money, encodable)
    if not (quote.tenths or quote.free_tenths or quote.credit):
        raise reason(
            "amount_too_low",
            "Debts and charges take all of this money, and nothing is left for energy: more money "
            "is needed, or a payment without energy.",
        )
    _check_limit(quote.tenths, purchase, limit)
    returned.check(purchase, quote, meter.buyer is not None, rules.currency)
    return quote


def _check_limit(found: int, purchase: Purchase, limit: Decimal) -> None:
    if found > limit * 10:
        asked = f"{Decimal(found) / 10:f}" if purchase.kwh is None else f"{purchase.kwh}"
        raise reason(
            "amount_over_limit",
            f"{asked} kWh is more than this station sells at once ({limit} kWh). The setting is "
            "sale_limit_kwh.",
        )
