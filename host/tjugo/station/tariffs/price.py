"""Prices: what an amount of money buys, and what an amount of energy costs. Pure functions.

The price is exact until the end: each levy and tax is rounded half up to the minor unit, and the
energy has what remains, so that the lines sum to what was tendered. Units are rounded as the
tariff declares. When a token cannot carry the units, the sale is the largest that it can carry,
and the rest of the money is change. A currency meter is sold credit, a minor unit of which is a
unit: energy stands for it in what follows.
"""

from collections.abc import Callable
from dataclasses import replace

from tjugo import money
from tjugo.errors import TjugoError, reason
from tjugo.station.tariffs import lines
from tjugo.station.tariffs.deduct import Deducted, deducted
from tjugo.station.tariffs.model import (
    DebtState,
    Quote,
    Situation,
    TariffRules,
    month_of,
)
from tjugo.station.tariffs.plan import Plan, plan_of

Encodable = Callable[[int], int]
"""The largest number of units, at most the given ones, that a token can carry. Units are 0.1 kWh,
or minor units of the currency for a currency meter."""


def price_money(
    rules: TariffRules, situation: Situation, tender: int, encodable: Encodable
) -> Quote:
    """Return what `tender` minor units buy. Raise TjugoError (amount_too_low, amount_too_high)
    with a sentence when that is not sold."""
    plan = plan_of(rules)
    _check_tender(plan, situation, tender)
    found = deducted(plan, situation, tender)
    units = 0 if found.left < 0 else units_for(plan, situation, found.left)
    if units == 0:
        if found.left < 0 or not found.taken or not rules.energy_may_be_nothing:
            raise _too_little(plan, situation, tender)
        return _quote(plan, situation, found, 0, tender, encodable)
    if plan.currency_meter:
        return _credit(plan, situation, found, units, tender, encodable)
    _check_units(plan, units)
    carried = encodable(units)
    if carried < units:
        if carried <= 0:
            raise _too_little(plan, situation, tender)
        found = deducted(plan, situation, least_tender(plan, situation, carried, tender))
    return _quote(plan, situation, found, carried, tender, encodable)


def price_units(
    rules: TariffRules, situation: Situation, tenths: int, encodable: Encodable
) -> Quote:
    """Return the sale with the least tender that buys this much energy, or more where the least
    coin buys more than 0.1 kWh. Raise TjugoError with a sentence."""
    plan = plan_of(rules)
    if plan.currency_meter:
        raise reason("amount_invalid", "A currency meter is sold an amount of money, not of kWh.")
    if type(tenths) is not int or tenths <= 0:
        raise reason("amount_too_low", "The amount must be more than 0 kWh.")
    _check_units(plan, tenths)
    carried = encodable(tenths)
    if carried != tenths:
        raise reason(
            "amount_invalid",
            f"A token cannot carry {_kwh(tenths)} kWh: the next lower amount is {_kwh(carried)} "
            "kWh.",
        )
    return price_money(rules, situation, least_tender(plan, situation, tenths), encodable)


def price_free(rules: TariffRules, situation: Situation, encodable: Encodable) -> Quote:
    """Return the sale of the month's free units alone, for no money. Raise TjugoError
    (free_not_due) when none are due."""
    tenths = lines.free_tenths(rules, situation, encodable)
    if tenths <= 0:
        raise reason("free_not_due", "No free units are due to this meter in this month.")
    return Quote((lines.free(tenths),), 0, tenths, 0, {}, month_of(situation.at))


def after(situation: Situation, quote: Quote) -> Situation:
    """Return the situation once a quote was sold, for the next purchase of the same meter in the
    same month."""
    paid = {line.code: line.amount for line in quote.lines if line.kind == "debt"}
    debts = (_after_debt(debt, paid.get(str(debt.debt_no), 0)) for debt in situation.debts)
    return replace(
        situation,
        month_tenths=situation.month_tenths + quote.tenths,
        charges_paid={**situation.charges_paid, **quote.charges_paid},
        first_month=situation.first_month or quote.month,
        debts=tuple(debt for debt in debts if debt.balance > 0),
        free_tenths_left=situation.free_tenths_left - quote.free_tenths,
    )


def _after_debt(debt: DebtState, paid: int) -> DebtState:
    return replace(debt, balance=debt.balance - paid, recovered=debt.recovered + paid)


def units_for(plan: Plan, situation: Situation, left: int) -> int:
    """Return the units that `left` (1/scale of a minor unit) buys, rounded as declared."""
    units, used = 0, situation.month_tenths
    for step in plan.steps:
        if step.limit is not None:
            room = step.limit - used
            if room <= 0:
                continue
            if left >= room * step.unit:
                left -= room * step.unit
                units += room
                used = step.limit
                continue
        if plan.nearest:
            return units + (2 * left + step.unit) // (2 * step.unit)
        return units + left // step.unit
    raise AssertionError("the last block has no end")


def least_tender(plan: Plan, situation: Situation, units: int, known: int | None = None) -> int:
    """Return the least tender that buys the units. known: a tender that does."""
    cost = _cost(plan, situation, units)
    found = deducted(plan, situation, 0)
    low = -(-(cost + found.fixed) // plan.scale)
    high = low + sum(debt.balance for debt in situation.debts)
    if known is not None:
        high = min(high, known)
    low = min(low, high)
    while low < high:
        middle = (low + high) // 2
        if deducted(plan, situation, middle).left >= cost:
            high = middle
        else:
            low = middle + 1
    return low


def _cost(plan: Plan, situation: Situation, units: int) -> int:
    """Return the least `left` that buys the units."""
    cost, used = 0, situation.month_tenths
    for step in plan.steps:
        room = units if step.limit is None else min(units, max(0, step.limit - used))
        cost += room * step.unit
        units -= room
        used += room
        if not units:
            # Half of the last unit is enough where units are rounded to the nearest.
            return cost - step.unit // 2 if plan.nearest else cost
    raise AssertionError("the last block has no end")


def _credit(
    plan: Plan,
    situation: Situation,
    found: Deducted,
    units: int,
    tender: int,
    encodable: Encodable,
) -> Quote:
    """Return the sale of credit. The credit is what the line of energy is: all that levies and
    taxes, rounded, leave of the money; or exactly what a token can carry of that."""
    made, credit = lines.made(plan, situation, found, units, tender)
    if encodable(credit) != credit:
        # Of no more than `units` the levies and taxes are not above those of the whole tender.
        credit = encodable(min(credit, units))
        least = least_tender(plan, situation, credit, tender)
        left = credit * plan.steps[0].unit
        found = replace(deducted(plan, situation, least), tender=tender, left=left)
        made, _ = lines.made(plan, situation, found, credit, tender, credit)
    if credit <= 0:
        raise _too_little(plan, situation, tender)
    paid = lines.paid_until(found)
    return Quote(tuple(made), 0, 0, tender, paid, month_of(situation.at), credit)


def _quote(
    plan: Plan,
    situation: Situation,
    found: Deducted,
    units: int,
    tender: int,
    encodable: Encodable,
) -> Quote:
    made, _ = lines.made(plan, situation, found, units, tender)
    free = 0
    if plan.rules.free_with_sale and situation.free_tenths_left > 0:
        free = lines.free_tenths(plan.rules, situation, encodable)
        if free:
            made.append(lines.free(free))
    return Quote(
        tuple(made),
        units,
        free,
        tender,
        lines.paid_until(found),
        month_of(situation.at),
    )


def _check_tender(plan: Plan, situation: Situation, tender: int) -> None:
    rules = plan.rules
    if type(tender) is not int or tender <= 0:
        raise reason("amount_too_low", "The amount must be more than 0.")
    if rules.least is not None and tender < rules.least:
        raise reason(
            "amount_too_low", f"At least {money.plain(rules.least, rules.currency)} is sold."
        )
    most = money.MOST if rules.most is None else min(rules.most, money.MOST)
    if tender > most:
        raise reason(
            "amount_too_high", f"At most {money.plain(most, rules.currency)} is sold at once."
        )


def _check_units(plan: Plan, units: int) -> None:
    most = plan.rules.most_tenths
    if most is not None and units > most:
        raise reason("amount_too_high", f"At most {_kwh(most)} kWh are sold at once.")


def _too_little(plan: Plan, situation: Situation, tender: int) -> TjugoError:
    least = least_tender(plan, situation, 1)
    currency = plan.rules.currency
    return reason(
        "amount_too_low",
        f"{money.plain(tender, currency)} is too little: after what is owed nothing is left for "
        f"energy. With {money.plain(max(least, plan.rules.least or 0), currency)} there is.",
    )


def _kwh(tenths: int) -> str:
    return f"{tenths // 10}.{tenths % 10}"
