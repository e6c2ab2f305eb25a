"""Prices: each rule of a tariff by itself, and the documented refusals."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tjugo import money
from tjugo.errors import TjugoError
from tjugo.station.tariffs import checks
from tjugo.station.tariffs.carried import encodable
from tjugo.station.tariffs.model import (
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
from tjugo.station.tariffs.price import after, price_free, price_money, price_units

NOW = Situation(datetime(2026, 11, 22, 12, 0, tzinfo=UTC))
FLAT = TariffRules("EUR", Flat(Decimal("0.20")))
VAT = {"energy_tax": "vat", "taxes": (Tax("vat", "VAT", Decimal(20)),)}
CHARGE = MonthlyCharge("fixed", "Fixed charge", 500, "2026-06")


def debt(number=1, rule="percent", rate=5000, **more):
    given = {"least": 0, "most": None, "priority": number, "balance": 10_000, **more}
    return DebtState(number, "arrears", f"Debt {number}", rule, rate, **given)


def owing(*debts, **more):
    return replace(NOW, debts=debts, **more)


def price(rules, tender, situation=NOW):
    checks.check(rules)
    quote = price_money(rules, situation, tender, encodable)
    assert sum(line.amount for line in quote.lines) == tender
    return quote


def lines(rules, tender, situation=NOW):
    return {line.code: line.amount for line in price(rules, tender, situation).lines}


def refused(code, function, *given):
    with pytest.raises(TjugoError) as found:
        function(*given)
    assert found.value.code == code
    return found.value.message


@pytest.mark.parametrize("tender", [0, -1, True, 5.0, None])
def test_an_amount_is_a_positive_integer(tender):
    words = refused("amount_too_low", price_money, FLAT, NOW, tender, encodable)
    assert words == "The amount must be more than 0."
    assert "more than 0 kWh" in refused(
        "amount_too_low", price_units, FLAT, NOW, tender, encodable
    )


def test_least_and_most():
    rules = replace(FLAT, least=500, most=2000, most_tenths=800)
    assert "At least 5.00 EUR" in refused("amount_too_low", price, rules, 499)
    assert "At most 20.00 EUR" in refused("amount_too_high", price, rules, 2001)
    assert "At most 80.0 kWh" in refused("amount_too_high", price, rules, 2000)
    assert "At most 80.0 kWh" in refused(
        "amount_too_high", price_units, rules, NOW, 801, encodable
    )
    assert price(rules, 1600).tenths == 800
    assert "At most 10000000000.00 EUR" in refused("amount_too_high", price, FLAT, money.MOST + 1)


def test_what_a_token_cannot_carry_is_change():
    quote = price(FLAT, 40_015)  # 2000.7 kWh; from 1638.3 kWh on the steps are 1 kWh
    assert (quote.tenths, quote.lines[-1].kind, quote.lines[-1].amount) == (20_004, "change", 7)
    assert "next lower amount is 2000.4 kWh" in refused(
        "amount_invalid", price_units, FLAT, NOW, 20_005, encodable
    )


def test_too_little_for_a_unit():
    words = refused("amount_too_low", price, FLAT, 1)
    assert words.startswith("0.01 EUR is too little") and "With 0.02 EUR there is" in words
    assert price(FLAT, 2).tenths == 1


def test_a_fee_before_the_energy_with_its_tax():
    rules = replace(FLAT, service_fee=Fee("fee", "Fee", 100, "vat"), **VAT)
    assert lines(rules, 1320) == {"fee": 100, "energy": 1000, "vat": 220}


def test_charges_are_collected_for_the_months_owed():
    rules = replace(FLAT, charges=(CHARGE,))
    assert lines(rules, 1000) == {"fixed": 500, "energy": 500}
    old = replace(NOW, first_month="2025-01")
    assert lines(rules, 4000, old) == {"fixed": 3000, "energy": 1000}  # June to November
    assert price(rules, 4000, old).charges_paid == {"fixed": "2026-11"}
    paid = replace(old, charges_paid={"fixed": "2026-09"})
    assert lines(rules, 2000, paid) == {"fixed": 1000, "energy": 1000}
    assert lines(rules, 2000, replace(old, charges_paid={"fixed": "2027-01"})) == {"energy": 2000}
    slow = replace(FLAT, charges=(replace(CHARGE, months_at_most=2),))
    assert lines(slow, 2000, old) == {"fixed": 1000, "energy": 1000}
    assert price(slow, 2000, old).charges_paid == {"fixed": "2026-07"}
    assert "With 30.02 EUR there is" in refused("amount_too_low", price, rules, 2999, old)


def test_levies_with_their_own_taxes():
    levies = (
        Levy("fuel", "Fuel", "per_kwh", Decimal("0.05"), tax="vat"),
        Levy("rep", "REP", "percent", Decimal(10), ("energy", "fuel")),
        Levy("fund", "Fund", "percent", Decimal(5), ("fixed",)),
    )
    rules = replace(FLAT, levies=levies, charges=(CHARGE,), **VAT)
    # 0.20 + 0.05 + 10 % of 0.25 + 20 % of 0.25 = 0.325 a kWh; 5.00 + 5 % of it for the charge
    assert lines(rules, 525 + 3250) == {
        "fixed": 500,
        "energy": 2000,
        "fuel": 500,
        "rep": 250,
        "fund": 25,
        "vat": 500,
    }


def test_blocks_with_the_month_to_date():
    rules = replace(FLAT, energy=Blocks((Step(Decimal("0.10"), 500), Step(Decimal("0.30")))))
    quote = price(rules, 800)
    assert [(line.tenths, line.amount) for line in quote.lines] == [(500, 500), (100, 300)]
    later = after(NOW, quote)
    assert [(line.code, line.tenths) for line in price(rules, 300, later).lines] == [
        ("block_2", 100)
    ]
    assert price_units(rules, NOW, 600, encodable) == quote
    # Less than a unit of the second block: its money is in the line of the first.
    assert [(line.tenths, line.amount) for line in price(rules, 502).lines] == [(500, 502)]


def test_debts_in_their_order_and_limits():
    assert lines(FLAT, 1000, owing(debt())) == {"1": 500, "energy": 500}
    assert lines(FLAT, 1000, owing(debt(most=300))) == {"1": 300, "energy": 700}
    assert lines(FLAT, 1000, owing(debt(rate=100, least=200))) == {"1": 200, "energy": 800}
    assert lines(FLAT, 1000, owing(debt(balance=50))) == {"1": 50, "energy": 950}
    two = owing(debt(1, "amount", 700), debt(2, "amount", 700))
    assert lines(FLAT, 1000, two) == {"1": 700, "2": 300}
    half = replace(FLAT, debt_share_most=5000)
    assert lines(half, 1000, two) == {"1": 500, "energy": 500}
    month = owing(debt(1, "month", 700, recovered=600))
    assert lines(FLAT, 1000, month) == {"1": 100, "energy": 900}
    strict = replace(FLAT, energy_may_be_nothing=False)
    words = refused("amount_too_low", price, strict, 1000, two)
    assert "With 14.02 EUR there is" in words
    assert price(strict, 1402, two).tenths == 1


def test_the_order_of_deduction_is_data():
    rules = replace(FLAT, charges=(CHARGE,))
    everything = owing(debt(rate=10_000, balance=800))
    assert lines(rules, 1000, everything) == {"fixed": 500, "1": 500}
    first = replace(rules, order=("debt", "fee", "charge", "energy"))
    assert refused("amount_too_low", price, first, 1000, everything)
    assert lines(first, 1500, everything) == {"1": 800, "fixed": 500, "energy": 200}


def test_free_units_with_a_sale_or_alone():
    rules = replace(FLAT, free_tenths_per_month=500)
    due = replace(NOW, free_tenths_left=500)
    quote = price(rules, 1000, due)
    assert (quote.tenths, quote.free_tenths, quote.lines[-1].kind) == (500, 500, "free")
    assert price(rules, 1000, after(due, quote)).free_tenths == 0
    alone = price_free(rules, due, encodable)
    assert (alone.tendered, alone.tenths, alone.free_tenths) == (0, 0, 500)
    assert refused("free_not_due", price_free, rules, after(due, alone), encodable)
    assert price(replace(rules, free_with_sale=False), 1000, due).free_tenths == 0


def test_time_of_use_sells_credit_to_a_currency_meter():
    periods = (
        Period("peak", "Peak", Decimal("0.40"), days=(1, 2, 3, 4, 5), start="18:00", end="22:00"),
        Period("other", "Other", Decimal("0.15")),
    )
    rules = replace(FLAT, energy=TimeOfUse(periods), **VAT)
    quote = price(rules, 1200, owing(debt(rate=2500)))
    assert (quote.credit, quote.tenths) == (750, 0)
    assert {line.code: line.amount for line in quote.lines} == {
        "1": 300,
        "energy": 750,
        "vat": 150,
    }
    assert quote.lines[1].tenths is None
    assert refused("amount_invalid", price_units, rules, NOW, 100, encodable)
    fuel = Levy("fuel", "Fuel", "per_kwh", Decimal("0.05"))
    assert "put it in the rates" in next(checks.faults(replace(rules, levies=(fuel,))))


def test_taxes_are_rounded_half_up():
    rules = TariffRules("EUR", Flat(Decimal("0.01")), **VAT)
    assert lines(rules, 3) == {"energy": 2, "vat": 1}  # a sixth of 3 is 0.5
    assert lines(rules, 2) == {"energy": 2}


@pytest.mark.parametrize(
    ("text", "currency", "found"),
    [
        ("500", "EUR", 50_000),
        ("12,5", "EUR", 1250),
        ("12.50", "EUR", 1250),
        ("0", "EUR", 0),
        ("500", "UGX", 500),
        ("1.25", "KWD", 1250),
        ("10000000000", "EUR", money.MOST),
    ],
)
def test_money_as_people_write_it(text, currency, found):
    assert money.parse(text, currency) == found


@pytest.mark.parametrize(
    ("text", "currency", "words"),
    [
        ("1,500", "EUR", "could be 1.5 or 1500"),
        ("5_0", "EUR", "underscore"),
        ("NaN", "EUR", "not a finite number"),
        ("-5", "EUR", "has a sign"),
        ("0.5", "UGX", "more than the 0 decimals of UGX"),
        ("0.001", "EUR", "more than the 2 decimals"),
        ("1000000000000", "EUR", "too many digits"),
        ("10000000001", "EUR", "is more than 10000000000.00 EUR"),
        ("5", "EUX", "no currency 'EUX'"),
        ("5", "eur", "no currency 'eur'"),
    ],
)
def test_money_that_is_refused(text, currency, words):
    with pytest.raises(TjugoError) as error:
        money.parse(text, currency)
    assert words in error.value.message and error.value.status == 2


def test_money_in_a_language():
    assert money.text(123_450, "EUR", "de").replace("\xa0", " ") == "1.234,50 €"
    assert money.text(123_450, "KES", "en").replace("\xa0", " ") == "KES 1,234.50"
    assert money.text(500, "UGX", "en").replace("\xa0", " ") == "UGX 500"
    assert money.text(1500, "KWD", "xx-nothing").replace("\xa0", " ") == "KWD 1.500"
