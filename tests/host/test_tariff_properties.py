"""Properties of prices over random tariffs, situations and tenders."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from sts_portable import amount
from tjugo import counted, money
from tjugo.errors import TjugoError
from tjugo.station.tariffs import checks, stored
from tjugo.station.tariffs.carried import encodable_of
from tjugo.station.tariffs.model import (
    ORDER,
    Blocks,
    DebtState,
    Fee,
    Flat,
    Levy,
    MonthlyCharge,
    Period,
    Situation,
    Step,
    TariffRules,
    Tax,
    TimeOfUse,
)
from tjugo.station.tariffs.plan import plan_of
from tjugo.station.tariffs.price import after, price_money, price_units

REFUSALS = {"amount_too_low", "amount_too_high"}
RATES = st.decimals("0.0001", "900", places=4)
PERCENTS = st.decimals(0, 40, places=2)
TAX = st.sampled_from((None, "vat", "low"))


def encodable(tenths: int) -> int:
    """Return the largest amount of a token's field that is not above the given one."""
    code = amount.encode(min(tenths, amount.MAX_TENTHS))
    return amount.decode(code) if amount.decode(code) <= tenths else amount.decode(code - 1)


def any_units(tenths: int) -> int:
    return tenths


@st.composite
def energies(draw):
    if draw(st.booleans()):
        return Flat(draw(RATES))
    limits = sorted(draw(st.sets(st.integers(1, 5000), max_size=3)))
    return Blocks(tuple(Step(draw(RATES), limit) for limit in [*limits, None]))


@st.composite
def tariffs(draw):
    charges = tuple(
        MonthlyCharge(
            f"charge_{n}",
            f"Charge {n}",
            draw(st.integers(1, 30_000)),
            draw(st.sampled_from(("2020-01", "2026-10", "2027-01"))),
            draw(TAX),
            draw(st.sampled_from((None, 1, 3))),
        )
        for n in range(draw(st.integers(0, 2)))
    )
    bases = ["energy", *(charge.code for charge in charges)]
    levies = []
    for n in range(draw(st.integers(0, 4))):
        per_kwh = draw(st.booleans())
        on = tuple(draw(st.lists(st.sampled_from(bases), min_size=1, max_size=3, unique=True)))
        rate = draw(RATES if per_kwh else PERCENTS)
        kind = "per_kwh" if per_kwh else "percent"
        levies.append(Levy(f"levy_{n}", f"Levy {n}", kind, rate, on, draw(TAX)))
        bases.append(f"levy_{n}")
    fee = st.builds(Fee, st.just("fee"), st.just("Fee"), st.integers(1, 5000), TAX)
    return TariffRules(
        draw(st.sampled_from(("EUR", "UGX", "KWD"))),
        draw(energies()),
        draw(TAX),
        charges,
        tuple(levies),
        (Tax("vat", "VAT", draw(PERCENTS)), Tax("low", "Low", draw(PERCENTS))),
        draw(st.none() | fee),
        (*draw(st.permutations(ORDER[:-1])), "energy"),
        draw(st.sampled_from(("down", "nearest"))),
        draw(st.none() | st.integers(1, 500)),
        draw(st.none() | st.integers(100_000, 10**8)),
        draw(st.none() | st.integers(1, 100_000)),
        draw(st.sampled_from((0, 500))),
        draw(st.booleans()),
        draw(st.sampled_from((10_000, 5_000, 3_333))),
        draw(st.booleans()),
    )


@st.composite
def debts(draw, number):
    rule = draw(st.sampled_from(("percent", "amount", "month")))
    least = draw(st.integers(0, 500))
    return DebtState(
        number,
        draw(st.sampled_from(("arrears", "loan", "fine"))),
        f"Debt {number}",
        rule,
        draw(st.integers(0, 10_000)),
        least,
        draw(st.none() | st.integers(least, 9_000)),
        number,
        draw(st.integers(1, 10**6)),
        draw(st.integers(0, 10_000)),
    )


@st.composite
def situations(draw):
    paid = st.sampled_from(("2026-01", "2026-10", "2026-11"))
    return Situation(
        datetime(2026, 11, 22, 12, 0, tzinfo=UTC),
        draw(st.integers(0, 6000)),
        draw(st.dictionaries(st.sampled_from(("charge_0", "charge_1")), paid)),
        draw(st.sampled_from((None, "2026-05", "2026-11"))),
        tuple(draw(debts(number)) for number in range(1, 1 + draw(st.integers(0, 3)))),
        draw(st.integers(0, 500)),
    )


@st.composite
def time_of_use(draw):
    """Return a tariff of meters that count money: its levies are percentages, of what is left."""
    rules = draw(tariffs())
    known = {"energy", *(charge.code for charge in rules.charges)}
    levies = []
    for levy in rules.levies:
        on = tuple(code for code in levy.on if code in known)
        if levy.kind == "percent" and on:
            levies.append(replace(levy, on=on))
            known.add(levy.code)
    energy = TimeOfUse((Period("all", "All", draw(RATES)),))
    given = {"levies": tuple(levies), "free_tenths_per_month": 0}
    return replace(rules, energy=energy, **given)


TENDERS = st.integers(1, 3000) | st.integers(1, 10**6) | st.integers(1, 10**12)


def worth(rules, situation, quote):
    """Return the cost of the units in minor units, block by block, each with its levies and
    taxes, and the cost of the last unit."""
    plan = plan_of(rules)
    cost, last, used, units = Fraction(0), Fraction(0), situation.month_tenths, quote.tenths
    for step in plan.steps:
        room = units if step.limit is None else min(units, max(0, step.limit - used))
        if room:
            last = Fraction(step.unit, plan.scale)
            cost += room * last
            used, units = used + room, units - room
    return cost, last


@settings(max_examples=examples(60), deadline=None)
@given(tariffs(), situations(), TENDERS)
def test_lines_sum_to_the_tender_and_units_are_paid_for(rules, situation, tender):
    checks.check(rules)
    try:
        quote = price_money(rules, situation, tender, encodable)
    except TjugoError as error:
        assert error.code in REFUSALS
        assert error.message.endswith(".")
        return
    assert sum(line.amount for line in quote.lines) == quote.tendered == tender
    assert all(line.amount >= 0 for line in quote.lines)
    energy = [line for line in quote.lines if line.kind == "energy"]
    assert sum(line.tenths for line in energy) == quote.tenths
    assert encodable(quote.tenths) == quote.tenths or not quote.tenths
    if quote.tenths:
        cost, unit = worth(rules, situation, quote)
        fixed = ("fee", "charge", "debt", "change")
        money_left = tender - sum(line.amount for line in quote.lines if line.kind in fixed)
        rounding = unit / 2 if rules.units_rounding == "nearest" else 0
        assert cost <= money_left + rounding
    codes = [(line.kind, line.code) for line in quote.lines]
    assert len(set(codes)) == len(codes)
    balances = {str(debt.debt_no): debt.balance for debt in situation.debts}
    recovered = [line for line in quote.lines if line.kind == "debt"]
    assert all(line.amount + line.balance == balances[line.code] for line in recovered)
    assert sum(line.amount for line in recovered) * 10_000 <= tender * rules.debt_share_most
    later = after(situation, quote)
    assert all(debt.balance > 0 for debt in later.debts)
    assert later.month_tenths == situation.month_tenths + quote.tenths


@settings(max_examples=examples(100), deadline=None)
@given(time_of_use(), situations(), TENDERS)
def test_a_token_of_money_never_carries_more_than_what_was_paid_for_it(rules, situation, tender):
    checks.check(rules)
    situation = replace(situation, free_tenths_left=0)
    try:
        quote = price_money(rules, situation, tender, encodable_of(rules))
    except TjugoError as error:
        assert error.code in REFUSALS
        return
    assert sum(line.amount for line in quote.lines) == quote.tendered == tender
    assert all(line.amount >= 0 for line in quote.lines)
    assert (quote.tenths, quote.free_tenths) == (0, 0)
    assert all(line.tenths is None for line in quote.lines)
    paid = sum(line.amount for line in quote.lines if line.kind == "energy")
    assert quote.credit == paid
    if paid:
        token = counted.carried(counted.of_minor(quote.credit, rules.currency))
        field = amount.encode_currency(token)
        assert amount.decode_currency(field) == token  # nothing is rounded up
        assert 0 < token <= counted.of_minor(paid, rules.currency)
        assert counted.to_minor(token, rules.currency) == paid
    change = sum(line.amount for line in quote.lines if line.kind == "change")
    # No more than the next credit that a token can carry, with its levies and taxes, costs.
    if change and paid:
        following = amount.decode_currency(amount.encode_currency(token) + 1)
        more = counted.to_minor(following, rules.currency) - paid
        unit = Fraction(plan_of(rules).steps[0].unit, plan_of(rules).scale)
        roundings = len(rules.levies) + len(rules.taxes) + 1
        owed = sum(debt.balance for debt in situation.debts)
        assert owed or change <= more * unit + roundings


@given(st.integers(1, 10**17))
def test_the_largest_credit_that_a_token_carries(units):
    found = counted.carried(units)
    field = amount.encode_currency(found)
    assert amount.decode_currency(field) == found <= units
    assert amount.decode_currency(field + 1) > units


@settings(max_examples=examples(60), deadline=None)
@given(tariffs(), situations(), st.integers(1, 20_000))
def test_units_and_money_agree(rules, situation, tenths):
    if encodable(tenths) != tenths:
        tenths = encodable(tenths)
    try:
        quote = price_units(rules, situation, tenths, encodable)
    except TjugoError as error:
        assert error.code in REFUSALS
        return
    assert quote.tenths >= tenths
    assert quote == price_money(rules, situation, quote.tendered, encodable)
    try:
        less = price_money(rules, situation, quote.tendered - 1, encodable)
    except TjugoError as error:
        assert error.code in REFUSALS
    else:
        assert less.tenths < tenths


@settings(max_examples=examples(60), deadline=None)
@given(tariffs(), situations(), TENDERS)
def test_more_money_never_buys_less_without_debts(rules, situation, tender):
    situation = Situation(situation.at, situation.month_tenths, situation.charges_paid)
    try:
        quote = price_money(rules, situation, tender, any_units)
        more = price_money(rules, situation, tender + 1, any_units)
    except TjugoError as error:
        assert error.code in REFUSALS
        return
    assert more.tenths >= quote.tenths


@settings(max_examples=examples(40), deadline=None)
@given(tariffs())
def test_rules_are_recorded_and_read(rules):
    text = stored.to_json(rules)
    assert stored.from_json(text) == rules
    assert stored.to_json(stored.from_json(text)) == text
    assert hash(stored.from_json(text)) == hash(rules)


@given(st.integers(0, money.MOST), st.sampled_from(("EUR", "UGX", "KWD", "KES")))
def test_amounts_are_written_and_read(value, currency):
    try:
        assert money.parse(money.digits(value, currency), currency) == value
    except TjugoError as error:  # 1.500 KWD could be 1500
        assert (currency == "KWD" and "could be" in error.message) or value == money.MOST
    assert Decimal(money.digits(value, currency)) == money.major(value, currency)
