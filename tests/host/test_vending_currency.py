"""Meters that count money: registered, given a time-of-use tariff, and sold credit."""

import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from engineering_kit import decide
from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from station_kit import COLLECTOR, do, drn, see
from test_tariff_versions import approved

from sts_portable import amount
from tjugo import counted
from tjugo.errors import Conflict, TjugoError
from tjugo.key_register import VendingKey
from tjugo.station.audit import chain
from tjugo.station.keys import use
from tjugo.station.keys.backend import CreditRequest, SoftBackend
from tjugo.station.ledger import balances, verify
from tjugo.station.registry import datasets, meters, views
from tjugo.station.registry.customers import add_customer, link_meter
from tjugo.station.registry.meters import NewMeter, add_meter, config_of
from tjugo.station.storage.integrity import digest
from tjugo.station.storage.tables import MeterMonth, MeterTariff, Sale, Token, TokenDelivery
from tjugo.station.tariffs import assignment, debts, effect, versions
from tjugo.station.tariffs.model import (
    Flat,
    Levy,
    MonthlyCharge,
    Period,
    TariffRules,
    Tax,
    TimeOfUse,
)
from tjugo.station.tariffs.views import preview, price_view
from tjugo.station.tills import vendors
from tjugo.station.vending import change_steps, replacement, sale_views, triage
from tjugo.station.vending.batch import sell_many
from tjugo.station.vending.credit_note import credit_note, left
from tjugo.station.vending.note import CreditNote
from tjugo.station.vending.purchase import Purchase, Tender
from tjugo.station.vending.seller import Seller
from tjugo.station.vending.trial import trial
from tjugo.station.vending.views import Refusal, find_sale
from tjugo.station.vending.void import void

PERIODS = (
    Period("peak", "Peak", Decimal("0.40"), days=(1, 2, 3, 4, 5), start="18:00", end="22:00"),
    Period("other", "Other", Decimal("0.15")),
)
TOU = TariffRules("EUR", TimeOfUse(PERIODS))
TAXED = replace(TOU, energy_tax="vat", taxes=(Tax("vat", "VAT", Decimal(20)),))
FLAT = TariffRules("EUR", Flat(Decimal("0.25")))
MONEY = drn(7)


@pytest.fixture
def station(station):
    """Return the station of money_kit with a meter that counts money, and a tariff for it."""
    do(station, vendors.ensure_default)
    do(station, add_meter, NewMeter(MONEY, counts="money", collector_id=COLLECTOR))
    approved(station, "tou", TOU, "Time of use")
    do(station, assignment.assign, MONEY, "tou")
    return station


def give(station, rules):
    approved(station, "special", rules, "Special")
    do(station, assignment.assign, MONEY, "special")
    station.clock.forward(hours=1)


def sell(station, client_id, amount=2000, number=7, **more):
    purchase = Purchase("web", client_id, drn(number), money=amount, actor="op:ada", **more)
    return do(station, sell_many, [purchase])[0]


def right(station):
    assert see(station, verify.verify) == []
    assert see(station, chain.verify)[1] == []


def row_of(station, table, client_id):
    with station.view() as view:
        return view.session.query(table).filter_by(client="web", client_id=client_id).one()


# The registry


def test_what_a_meter_counts_is_set_until_credit_is_issued(station):
    assert see(station, views.find_meter, drn(1)).counts == "energy"
    do(station, meters.set_counts, drn(3), "money")
    assert see(station, views.find_meter, drn(3)).counts == "money"
    do(station, meters.set_counts, drn(3), "energy")
    assert sell(station, "a", number=3).kwh == Decimal("100.0")
    with pytest.raises(Conflict, match="credit was issued") as refused:
        do(station, meters.set_counts, drn(3), "money")
    assert refused.value.code == "meter_counts_fixed"
    do(station, meters.set_counts, drn(3), "energy")  # as it is
    with pytest.raises(TjugoError, match="counts energy or money, not 'water'"):
        do(station, meters.set_counts, drn(3), "water")
    with pytest.raises(TjugoError) as refused:
        do(station, add_meter, NewMeter(drn(8), counts="water"))
    assert refused.value.code == "meter_counts_invalid"


def test_its_own_tariff_ends_when_it_counts_something_else(station):
    do(station, meters.set_counts, MONEY, "energy")
    assert see(station, effect.tariff_of, MONEY, station.clock()) == "flat"
    assert sell(station, "a").kwh == Decimal("100.0")
    with station.view() as view:
        (ended,) = view.session.query(MeterTariff).filter_by(drn=MONEY)
    assert ended.until is not None


# The rules


@pytest.mark.parametrize(
    ("meter", "tariff", "code", "words"),
    [
        (drn(1), "tou", "tariff_counts_money", "is for meters that count money, and meter"),
        (MONEY, "flat", "tariff_counts_energy", "prices kWh, and meter"),
    ],
)
def test_a_tariff_prices_what_the_meter_counts(station, meter, tariff, code, words):
    with pytest.raises(Conflict, match=words) as refused:
        do(station, assignment.assign, meter, tariff)
    assert refused.value.code == code
    with pytest.raises(Conflict) as refused:
        see(station, preview, station.clock(), 1000, drn=meter, tariff=tariff)
    assert refused.value.code == code


def test_the_default_is_for_meters_that_count_energy(station):
    with pytest.raises(Conflict, match="each of them gets it as its own") as refused:
        do(station, assignment.set_default, "tou")
    assert refused.value.code == "tariff_counts_money"
    do(station, add_meter, NewMeter(drn(8), counts="money"))
    found = sell(station, "a", number=8)
    assert isinstance(found, Refusal) and found.code == "tariff_counts_energy"
    assert "a time-of-use tariff of its own" in found.message


@pytest.mark.parametrize(
    ("tariff", "rules", "code"),
    [("tou", FLAT, "tariff_counts_money"), ("flat", TOU, "tariff_counts_energy")],
)
def test_a_tariff_stays_what_it_is_for(station, tariff, rules, code):
    with pytest.raises(Conflict, match="those of another tariff") as refused:
        do(station, versions.propose, tariff, rules)
    assert refused.value.code == code


# The sale


def test_a_sale_of_credit(station):
    sale = sell(station, "a")
    assert (sale.kwh, sale.units_kwh, sale.credit) == (None, None, Decimal("19.99624"))
    token = station.backend.verify_token(see(station, config_of, MONEY), sale.digits)
    assert (token.cls, token.subclass, token.tid) == (0, 4, sale.tid)
    assert amount.decode_currency(token.field("amount")) == 1_999_624
    assert see(station, find_sale, "web", "a") == sale
    row, sold = row_of(station, Token, "a"), row_of(station, Sale, "a")
    assert (row.subclass, row.credit, row.asked_tenths, row.units_tenths) == (4, 1_999_624, 0, 0)
    assert (sold.credit, sold.paid_tenths, sold.free_tenths, sold.tendered) == (2000, 0, 0, 2000)
    assert sale.receipt.tokens[-1].credit == 1_999_624 and sale.receipt.tenths() == 0
    assert see(station, balances.balance, "energy", "tou") == -2000
    assert list(see(station, use.used).values()) == [0]
    with station.view() as view:
        assert view.session.query(MeterMonth).filter_by(drn=MONEY).one().paid_tenths == 0
    assert sell(station, "a") == sale  # repeated
    right(station)
    do(station, verify.rebuild)
    right(station)


def test_what_a_token_cannot_carry_is_change(station):
    sale = sell(station, "a", 20_000, tenders=(Tender("cash", 20_000),))
    assert sale.credit == Decimal("199.92624") and sale.receipt.change == 7
    assert {line.kind: line.amount for line in sale.receipt.lines} == {"energy": 19_993}
    assert see(station, balances.balance, "energy", "tou") == -19_993
    assert row_of(station, Sale, "a").credit == 19_993
    right(station)


def test_levies_taxes_charges_and_debts_are_paid_as_priced(station):
    account = do(station, add_customer, "Ada")
    do(station, link_meter, MONEY, account)
    do(station, debts.open_debt, account, "old bill", 300, rate=1000)
    rules = replace(
        TAXED,
        charges=(MonthlyCharge("fixed", "Fixed charge", 500, "2026-01", "vat"),),
        levies=(Levy("rep", "REP levy", "percent", Decimal(5), ("energy",), "vat"),),
    )
    give(station, rules)
    sale = sell(station, "a", 3000)
    lines = {line.kind: line.amount for line in sale.receipt.lines}
    assert sum(lines.values()) == 3000
    assert (lines["charge"], lines["debt"]) == (500, 300)
    assert lines["levy"] == 83 and lines["energy"] == 1667  # of 2100.00 / 1.26
    posted = {
        name: see(station, balances.balance, name, party)
        for name, party in (("levy", "rep"), ("vat", "vat"), ("fixed_charge", "fixed"))
    }
    assert posted == {"levy": -lines["levy"], "vat": -lines["tax"], "fixed_charge": -500}
    again = sell(station, "b", 3000)
    assert "charge" not in {line.kind for line in again.receipt.lines}
    right(station)


def test_energy_and_money_are_sold_in_one_batch(station):
    wanted = [
        Purchase("web", f"{number}", drn(number), money=1000, actor="op:ada")
        for number in (1, 7, 2)
    ]
    sold = do(station, sell_many, wanted)
    assert [sale.units_kwh for sale in sold] == [Decimal("50.0"), None, Decimal("50.0")]
    assert [sale.credit for sale in sold] == [None, Decimal("9.99924"), None]
    right(station)


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        ({"kwh": Decimal(20)}, "amount_invalid", "sold an amount of money, not of kWh"),
        ({"kind": "free"}, "free_not_due", "No free units"),
        ({"money": 1000, "sale_limit": 500}, "seller_limit", "more than you may sell"),
        ({"money": 0}, "amount_invalid", "more than 0"),
    ],
)
def test_what_a_meter_that_counts_money_is_not_sold(station, more, code, words):
    purchase = Purchase("web", "a", MONEY, actor="op:ada", **more)
    (found,) = do(station, sell_many, [purchase])
    assert isinstance(found, Refusal) and found.code == code and words in found.message


def test_the_limit_of_kwh_does_not_limit_money(station):
    assert sell(station, "a", 1_000_000).credit > 5000


def test_a_trial_and_a_preview(station):
    give(station, TAXED)
    purchase = Purchase("web", "trial", MONEY, money=1200)
    quote = see(station, trial, purchase, station.clock()).quote
    assert (quote.credit, quote.tenths) == (1000, 0)
    shown = price_view(see(station, preview, station.clock(), 1200, drn=MONEY))
    assert (shown.kwh, shown.free_kwh, shown.credit) == (None, None, "9.99924")


def test_the_tokens_of_a_key_change_come_before_the_credit(station):
    station.backend = SoftBackend([VendingKey(krn=n, vk=f"0{n}" * 20) for n in (1, 2)])
    waiting = do(station, change_steps.plan, [MONEY], {"krn": 2})
    assert waiting
    sale = sell(station, "a")
    kinds = [token.kind for token in sale.receipt.tokens]
    assert kinds[-1] == "credit" and kinds[0] == "key_change_1"
    assert (sale.krn, sale.credit) == (2, Decimal("19.99624"))
    assert sale.delivery.ref is not None
    right(station)


def test_a_collector_gets_a_token_of_money(station):
    sale = sell(station, "a")
    with station.view() as view:
        (row,) = view.session.query(TokenDelivery)
    assert (row.ref, row.drn, row.tid) == (sale.delivery.ref, MONEY, sale.tid)
    assert sale_views.sale_view(sale).delivery.channel == "collector"


def test_a_key_with_a_limit_in_kwh_makes_no_token_of_money(station):
    key = station.backend.registers()[-1]
    station.backend = SoftBackend(
        [VendingKey(sgc=key.sgc, vk="01" * 20, limit_tenths=10_000, ken=key.ken)]
    )
    found = sell(station, "a")
    assert isinstance(found, Refusal) and found.code == "key_counts_energy"
    assert sell(station, "b", number=1).digits
    right(station)


# After the sale


def note(station, client_id, amount=None, of="a"):
    asked = CreditNote("web", client_id, "web", of, Seller("op:ada"), "broken", amount, "cash")
    return do(station, credit_note, asked)


def test_a_void_takes_everything_back(station):
    sell(station, "a", disclosed=False)
    do(station, void, "web", "a", "wrong meter")
    assert see(station, balances.balance, "energy", "tou") == 0
    right(station)


def test_credit_notes(station):
    give(station, TAXED)
    sell(station, "a", 24_000)
    sold = row_of(station, Sale, "a")
    assert sold.credit == 19_993
    assert see(station, left, "web", "a") == 24_000 - 8
    note(station, "n", 6000)
    first = row_of(station, Sale, "n")
    assert (first.credit, first.paid_tenths) == (-19_993 * 6000 // 23_992, 0)
    note(station, "m")
    assert first.credit + row_of(station, Sale, "m").credit == -19_993
    assert see(station, left, "web", "a") == 0
    assert see(station, balances.balance, "energy", "special") == 0
    right(station)


STEPS = st.lists(
    st.tuples(st.integers(1, 50_000) | st.integers(1, 10**7), st.none() | st.integers(1, 40_000)),
    max_size=5,
)


@settings(
    max_examples=examples(8),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(STEPS)
def test_what_is_sold_and_credited_is_the_credit_of_tokens(station, steps):
    """steps: what is tendered, and what is credited of the sale, if anything."""
    if see(station, effect.tariff_of, MONEY, station.clock()) == "tou":
        give(station, replace(TAXED, levies=(Levy("rep", "REP levy", "percent", Decimal(7)),)))
    for tendered, credited in steps:
        number = uuid.uuid4().hex
        sale = sell(station, number, tendered)
        if isinstance(sale, Refusal):
            assert sale.code == "amount_too_low"
            continue
        lines = sale.receipt.lines
        assert sum(line.amount for line in lines) + sale.receipt.change == tendered
        paid = sum(line.amount for line in lines if line.kind == "energy")
        (token,) = sale.receipt.tokens
        assert 0 < token.credit <= counted.of_minor(paid, "EUR")
        of = row_of(station, Sale, number)
        assert of.credit == paid == counted.to_minor(token.credit, "EUR")
        if credited is not None and credited < see(station, left, "web", number):
            note(station, f"n{number}", credited, number)
            note(station, f"m{number}", None, number)
            notes = [row_of(station, Sale, f"{name}{number}").credit for name in "nm"]
            assert sum(notes) == -paid and max(notes) <= 0
    with station.view() as view:
        sold = view.session.query(Sale.credit).filter(Sale.tariff == "special").all()
    assert see(station, balances.balance, "energy", "special") == -sum(n for (n,) in sold)
    right(station)


def old_sale(station):
    sale = sell(station, "a")
    for number in range(50):
        sell(station, f"a{number}", 20)
    return sale


def ask(station, sale, tenths=None):
    return do(station, replacement.replace, sale.drn, sale.bdt, sale.tid, tenths, "too old")


def test_a_token_of_money_is_replaced_for_what_is_left_of_it(station):
    sale = old_sale(station)
    found = do(station, triage.examine, sale.drn, sale.digits, "OldError")
    assert (found.code, found.tenths, found.credit) == ("old", None, "19.99624")
    note(station, "n", 500)
    found = do(station, triage.examine, sale.drn, sale.digits, "OldError")
    assert found.credit == "15.00"
    assert any("15.00 EUR are left after" in step.sentence for step in found.steps)
    with pytest.raises(Conflict, match="carries money, not kWh"):
        ask(station, sale, 10)
    decide(station, ask(station, sale).approval)
    (token,) = ask(station, sale).tokens
    assert (token.credit, token.tenths) == (counted.carried(1_500_000), None)
    made = station.backend.verify_token(see(station, config_of, MONEY), token.digits)
    assert amount.decode_currency(made.field("amount")) == token.credit
    with pytest.raises(Conflict, match="was replaced"):
        note(station, "m", 1)
    assert see(station, left, "web", "a") == 0
    right(station)


@pytest.mark.parametrize(("number", "words"), [(7, "no credit in money"), (1, "of energy")])
def test_a_meter_without_the_function_of_the_token(station, number, words):
    sale = sell(station, "a", number=number)
    found = do(station, triage.examine, sale.drn, sale.digits, "FunctionError")
    assert found.code == "no_function" and words in found.sentence


def test_the_export_has_credit_and_no_energy(station):
    sell(station, "a")
    sell(station, "b", number=1)
    for name, energy, credit in (
        ("sales", "paid_kwh", Decimal("20.00")),
        ("tokens", "units_kwh", Decimal("19.99624")),
    ):
        columns = datasets.columns(name)
        rows = [
            dict(zip(columns, row, strict=True))
            for row in see(station, lambda view, name=name: list(datasets.rows(view, name)))
        ]
        found = {row["client_id"]: (row[energy], row["credit"]) for row in rows}
        assert found == {"a": (None, credit), "b": (Decimal("100.0"), None)}
    columns = datasets.columns("meters")
    rows = see(station, lambda view: list(datasets.rows(view, "meters")))
    assert {row[0]: row[columns.index("counts")] for row in rows}[MONEY] == "money"


def test_the_check_values_of_early_tokens_stay():
    row = {
        "tenant_id": 1,
        "drn": drn(1),
        "bdt": "14",
        "tid": 7,
        "client": "web",
        "client_id": "a",
        "token_class": 0,
        "subclass": 0,
        "asked_tenths": 10,
        "units_tenths": 10,
        "digits": "1" * 20,
        "ea": 7,
        "sgc": "123457",
        "krn": 1,
        "kt": 2,
        "ti": "01",
        "issued_at": datetime(2026, 11, 1, tzinfo=UTC),
    }
    assert digest(row) == digest({**row, "credit": None}) == "333af0fc37ad5ede"
    assert digest({**row, "credit": 5}) != digest(row)


def test_the_key_store_makes_and_verifies_tokens_of_money(station):
    config = see(station, config_of, MONEY)
    store = station.backend
    one = store.issue_credit_token(config, 4, 1_999_624, 7_000_000, 0, message_id="m")
    assert store.fetch_token_result("m") == [one]
    wanted = [CreditRequest(config, 4, 1_999_624, 7_000_000, rnd) for rnd in (0, 15)]
    assert store.issue_credit_tokens(wanted) == [one, one]  # there is no random number
    found = store.verify_token(config, one)
    assert (found.cls, found.subclass, found.tid) == (0, 4, 7_000_000)
    assert amount.decode_currency(found.field("amount")) == 1_999_624
    other = see(station, config_of, drn(1))
    assert store.verify_token(other, one) is None


def test_an_answer_has_null_for_the_energy(station):
    found = json.loads(sale_views.as_json(sell(station, "a")))
    assert (found["kwh"], found["units_kwh"], found["credit"]) == (None, None, "19.99624")
    of_energy = json.loads(sale_views.as_json(sell(station, "b", number=1)))
    assert (of_energy["kwh"], of_energy["credit"]) == ("100", None)
