"""Whether rules make a tariff that can be priced. Sentences for the person who wrote them."""

import re
from collections.abc import Iterator
from decimal import Decimal

from tjugo import money
from tjugo.errors import TjugoError, reason
from tjugo.station.tariffs.model import (
    DOWN,
    ENERGY,
    NEAREST,
    ORDER,
    PER_KWH,
    PERCENT,
    WHOLE,
    Blocks,
    Fee,
    Flat,
    Levy,
    MonthlyCharge,
    Period,
    TariffRules,
    TimeOfUse,
)

_CODE = re.compile(r"[a-z][a-z0-9_]{0,19}", re.A)
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])", re.A)
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00", re.A)
_MOST_RATE = Decimal(10**9)
_PLACES = 9
_MOST_TENTHS = 10**9
_MOST_PARTS = 30
_RESERVED = {ENERGY, "change", "free"}


def invalid(sentence: str) -> TjugoError:
    """Return the error about a tariff's rules."""
    return reason("tariff_invalid", sentence)


def check(rules: TariffRules) -> None:
    """Raise TjugoError (tariff_invalid) with the first thing that is wrong."""
    for sentence in faults(rules):
        raise invalid(sentence)


def faults(rules: TariffRules) -> Iterator[str]:
    """Yield what is wrong, one sentence each."""
    try:
        money.exponent(rules.currency)
    except TjugoError as error:
        yield error.message
    yield from _energy(rules)
    yield from _codes(rules)
    yield from _parts(rules)
    yield from _levies(rules)
    yield from _limits(rules)


def _energy(rules: TariffRules) -> Iterator[str]:
    energy = rules.energy
    if isinstance(energy, Flat):
        yield from _rate("The rate of energy", energy.rate)
    elif isinstance(energy, Blocks):
        yield from _blocks(energy)
    else:
        yield from _periods(energy)
        if any(levy.kind == PER_KWH for levy in rules.levies):
            yield "A levy per kWh cannot be collected from a currency meter: put it in the rates."
        if rules.free_tenths_per_month:
            yield "Free units are not given to a currency meter."


def _blocks(energy: Blocks) -> Iterator[str]:
    if not 1 <= len(energy.steps) <= 20:
        yield "A tariff has 1 to 20 blocks."
        return
    before = 0
    for number, step in enumerate(energy.steps, 1):
        yield from _rate(f"The rate of block {number}", step.rate)
        if step.up_to_tenths is None:
            if number < len(energy.steps):
                yield f"Block {number} has no end, and another block follows."
                return
        elif not before < step.up_to_tenths <= _MOST_TENTHS:
            yield f"Block {number} must end above the block before it."
            return
        else:
            before = step.up_to_tenths
    if energy.steps[-1].up_to_tenths is not None:
        yield "The last block has no end: leave up_to_tenths out."


def _periods(energy: TimeOfUse) -> Iterator[str]:
    if not 1 <= len(energy.periods) <= 50:
        yield "A tariff has 1 to 50 periods of time of use."
    for period in energy.periods:
        yield from _rate(f"The rate of period {period.name!r}", period.rate)
        yield from _times(period)


def _times(period: Period) -> Iterator[str]:
    times = (period.start, period.end)
    if not all(_TIME.fullmatch(text) for text in times) or period.start >= period.end:
        yield f"Period {period.name!r} needs a start before its end, as 06:00 and 22:00."
    if not period.months or not set(period.months) <= set(range(1, 13)):
        yield f"The months of period {period.name!r} are numbers from 1 to 12."
    if not period.days or not set(period.days) <= set(range(1, 8)):
        yield f"The days of period {period.name!r} are numbers from 1 (Monday) to 7."


def _codes(rules: TariffRules) -> Iterator[str]:
    fee = (rules.service_fee,) if rules.service_fee else ()
    periods = rules.energy.periods if isinstance(rules.energy, TimeOfUse) else ()
    named = (*fee, *rules.charges, *rules.levies, *rules.taxes)
    if len(named) > _MOST_PARTS:
        yield f"A tariff has at most {_MOST_PARTS} charges, levies and taxes."
    seen = set(_RESERVED)
    for one in named:
        if one.code in seen or one.code.startswith("block_"):
            yield f"The code {one.code!r} is used twice."
        seen.add(one.code)
    for part in (*named, *periods):
        if not _CODE.fullmatch(part.code):
            yield (
                f"The code {part.code[:30]!r} must be 1 to 20 small letters, digits and "
                "underscores."
            )
        if not part.name.strip() or len(part.name) > 60 or not part.name.isprintable():
            yield (
                f"The name of {part.code[:30]!r} must have 1 to 60 characters that can be printed."
            )


def _parts(rules: TariffRules) -> Iterator[str]:
    taxes = {tax.code for tax in rules.taxes}
    taxed: list[MonthlyCharge | Fee | Levy] = [*rules.charges, *rules.levies]
    if rules.service_fee is not None:
        taxed.append(rules.service_fee)
    used = {ENERGY: rules.energy_tax, **{one.name: one.tax for one in taxed}}
    for name, code in used.items():
        if code is not None and code not in taxes:
            yield f"The tax {code[:30]!r} of {name!r} is not among the tariff's taxes."
    for tax in rules.taxes:
        yield from _percent(f"The rate of {tax.name!r}", tax.rate)
    for one in taxed:
        if not isinstance(one, Levy) and not 0 < one.amount <= money.MOST:
            yield f"The amount of {one.name!r} must be more than 0."
    for charge in rules.charges:
        if not _MONTH.fullmatch(charge.since):
            yield f"{charge.name!r} needs the month from which it is owed, such as 2026-11."
        if charge.months_at_most is not None and not 1 <= charge.months_at_most <= 1200:
            yield f"A sale collects at least 1 month of {charge.name!r}."


def _levies(rules: TariffRules) -> Iterator[str]:
    known = {ENERGY, *(charge.code for charge in rules.charges)}
    for levy in rules.levies:
        if levy.kind == PER_KWH:
            yield from _rate(f"The rate of {levy.name!r}", levy.rate)
        elif levy.kind == PERCENT:
            yield from _percent(f"The rate of {levy.name!r}", levy.rate)
            for code in levy.on:
                if code not in known:
                    yield f"The levy {levy.name!r} is on {code[:30]!r}, which is not before it."
            if not levy.on or len(set(levy.on)) != len(levy.on):
                yield f"What the levy {levy.name!r} is on must be named, each once."
        else:
            yield f"A levy is {PER_KWH} or {PERCENT}, not {levy.kind[:30]!r}."
        known.add(levy.code)


def _limits(rules: TariffRules) -> Iterator[str]:
    if sorted(rules.order) != sorted(ORDER) or rules.order[-1] != ENERGY:
        yield f"The order names {', '.join(ORDER[:-1])} once each, and {ENERGY} last."
    if rules.units_rounding not in (DOWN, NEAREST):
        yield f"Units are rounded {DOWN} or {NEAREST}."
    least = 1 if rules.least is None else rules.least
    most = money.MOST if rules.most is None else rules.most
    if not 1 <= least <= most <= money.MOST:
        yield "The least purchase must be more than 0 and not above the most."
    if rules.most_tenths is not None and not 1 <= rules.most_tenths <= _MOST_TENTHS:
        yield "The most energy of a sale must be at least 0.1 kWh."
    if not 0 <= rules.free_tenths_per_month <= _MOST_TENTHS:
        yield "The free units of a month must be 0 or more."
    if not 0 <= rules.debt_share_most <= WHOLE:
        yield "The share of debts is 0 to 100 %."


def _rate(name: str, rate: Decimal) -> Iterator[str]:
    if not rate.is_finite() or not 0 < rate <= _MOST_RATE or _places(rate) > _PLACES:
        yield f"{name} must be more than 0, with at most {_PLACES} decimals."


def _percent(name: str, rate: Decimal) -> Iterator[str]:
    if not rate.is_finite() or not 0 <= rate <= 100 or _places(rate) > 4:
        yield f"{name} must be 0 to 100 percent, with at most 4 decimals."


def _places(rate: Decimal) -> int:
    exponent = rate.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
