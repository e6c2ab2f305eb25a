"""Tariffs of a station: proposed, approved by a second person, in effect, assigned; and what
prices depend on."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import event
from station_kit import NOON, do, drn, see

from tjugo.errors import Conflict, NotFound, TjugoError
from tjugo.station.audit import chain
from tjugo.station.ledger.post import Entry, post
from tjugo.station.registry.customers import add_customer, link_meter
from tjugo.station.storage.tables import TariffVersion, Tenant
from tjugo.station.tariffs import assignment, debts, effect, situations, stored, versions, views
from tjugo.station.tariffs.model import (
    Flat,
    MonthlyCharge,
    Period,
    Quote,
    TariffRules,
    Tax,
    TimeOfUse,
)
from tjugo.station.tariffs.price import price_money
from tjugo.station.vending.batch import sell_many
from tjugo.station.vending.purchase import Purchase
from tjugo.station.vending.trial import trial
from tjugo.station.vending.views import Refusal

FLAT = TariffRules("EUR", Flat(Decimal("0.25")))
CHARGED = TariffRules(
    "EUR",
    Flat(Decimal("0.25")),
    charges=(MonthlyCharge("fixed", "Fixed charge", 500, "2026-01"),),
    free_tenths_per_month=500,
)


@pytest.fixture
def clock(station):
    return station.clock


def by(station, actor, service, *given, **more):
    with station.work(actor) as work:
        return service(work, *given, **more)


def approved(station, tariff, rules, name=None, valid_from=None):
    version = by(station, "op:ada", versions.propose, tariff, rules, valid_from, name)
    by(station, "op:bob", versions.approve, tariff, version)
    return version


def effective_version(station, at, number=1):
    return see(station, effect.effective, [drn(number)], at)[drn(number)]


def test_a_new_station_has_a_flat_tariff_approved_by_init(station):
    do(station, assignment.ensure_default)
    [found] = see(station, views.tariffs, NOON)
    assert (found.tariff, found.default, found.in_effect) == ("flat", True, 1)
    [version] = found.versions
    assert (version.state, version.made_by, version.decided_by) == ("approved", "init", "init")
    assert version.rules["energy"] == {"kind": "flat", "rate": "0.20"}
    assert effective_version(station, NOON).rules == TariffRules("EUR", Flat(Decimal("0.20")))
    assert see(station, chain.verify)[1] == []


def test_a_version_takes_effect_when_a_second_person_approves_it(station, clock):
    assert by(station, "op:ada", versions.propose, "home", FLAT, None, "Home") == 1
    do(station, assignment.set_default, "flat")
    with pytest.raises(Conflict, match="No version of tariff home is in effect"):
        do(station, assignment.assign, drn(1), "home")
    for actor in ("op:ada", "cli:ada"):
        with pytest.raises(TjugoError) as refused:
            by(station, actor, versions.approve, "home", 1)
        assert refused.value.code == "tariff_same_person"
    clock.forward(hours=1)
    begins = by(station, "op:bob", versions.approve, "home", 1, "as decided by the board")
    assert begins == NOON + timedelta(hours=1)
    do(station, assignment.assign, drn(1), "home")
    assert effective_version(station, clock.now).tariff == "home"
    assert effective_version(station, clock.now, 2).tariff == "flat"
    assert see(station, effect.in_effect, "home", NOON) is None
    row = see(station, views.find_version, "home", 1)
    assert (row.made_by, row.decided_by, row.note) == (
        "op:ada",
        "op:bob",
        "as decided by the board",
    )


@pytest.mark.parametrize("service", [versions.approve, versions.reject])
def test_a_decided_version_is_decided_for_ever(station, service):
    approved(station, "home", FLAT, "Home")
    for actor in ("op:bob", "op:eve"):
        with pytest.raises(Conflict) as refused:
            by(station, actor, service, "home", 1)
        assert refused.value.code == "tariff_decided"
    with pytest.raises(Conflict):
        by(station, "op:ada", versions.withdraw, "home", 1)


def test_a_rejected_and_a_withdrawn_version_never_take_effect(station):
    by(station, "op:ada", versions.propose, "home", FLAT, None, "Home")
    by(station, "op:bob", versions.reject, "home", 1, "too cheap")
    by(station, "op:ada", versions.propose, "home", FLAT)
    with pytest.raises(Conflict):
        by(station, "op:bob", versions.withdraw, "home", 2)
    by(station, "op:ada", versions.withdraw, "home", 2)
    found = see(station, views.find_tariff, "home", NOON)
    assert found.in_effect is None
    assert [version.state for version in found.versions] == ["withdrawn", "rejected"]


def test_the_next_version_begins_at_its_moment(station, clock):
    approved(station, "home", FLAT, "Home")
    dearer = TariffRules("EUR", Flat(Decimal("0.30")))
    december = datetime(2026, 12, 1, tzinfo=UTC)
    assert approved(station, "home", dearer, valid_from=december) == 2
    do(station, assignment.assign, drn(1), "home")
    assert effective_version(station, december - timedelta(seconds=1)).version == 1
    assert effective_version(station, december).version == 2
    assert effective_version(station, december).rules == dearer


def test_a_version_that_counts_money_is_refused_at_a_sale_of_energy(station, clock):
    """In early versions a tariff could have versions of both kinds."""
    counts_money = TariffRules("EUR", TimeOfUse((Period("all", "All", Decimal("0.20")),)))
    approved(station, "home", FLAT, "Home")
    do(station, assignment.assign, drn(1), "home")
    clock.forward(days=1)
    number = approved(station, "home", FLAT)
    with station.work("test") as work:
        row = versions.known_version(work, "home", number)
        row.content = stored.to_json(counts_money)
    bought = [Purchase("till", f"{n}", drn(n), money=1000, actor="op:ada") for n in (1, 2)]
    refused, sold = do(station, sell_many, bought)
    assert isinstance(refused, Refusal) and refused.code == "tariff_counts_money"
    assert sold.digits
    with pytest.raises(Conflict, match="counts kWh"):
        see(station, trial, bought[0], clock())
    waiting = by(station, "op:ada", versions.propose, "home", FLAT)
    with station.work("test") as work:
        row = versions.known_version(work, "home", waiting)
        row.content = stored.to_json(counts_money)
    with pytest.raises(Conflict, match="those of another tariff"):
        by(station, "op:bob", versions.approve, "home", waiting)


def test_a_content_that_is_nested_too_deeply_is_named():
    with pytest.raises(TjugoError) as refused:
        stored.from_json("[" * 3000)
    assert refused.value.message == "The tariff is not JSON: the JSON is nested too deeply."


def test_refused_proposals(station):
    euros = TariffRules("UGX", Flat(Decimal(600)))
    negative = TariffRules("EUR", Flat(Decimal(-1)))
    taxed = TariffRules("EUR", Flat(Decimal(1)), energy_tax="vat")
    for rules, words in (
        (euros, "currency is EUR"),
        (negative, "more than 0"),
        (taxed, "'vat' of 'energy' is not among"),
    ):
        with pytest.raises(TjugoError, match=words) as refused:
            do(station, versions.propose, "home", rules, None, "Home")
        assert refused.value.code == "tariff_invalid"
    with pytest.raises(NotFound, match="needs a name"):
        do(station, versions.propose, "home", FLAT)
    with pytest.raises(TjugoError, match="small letters"):
        do(station, versions.propose, "Home tariff", FLAT, None, "Home")
    with pytest.raises(Conflict, match="its name is Flat"):
        do(station, versions.propose, "flat", FLAT, None, "Other")
    for tariff, version in (("nothing", 1), ("flat", 9), ("x" * 50, 1)):
        with pytest.raises(NotFound):
            do(station, versions.approve, tariff, version)
        with pytest.raises(NotFound):
            do(station, versions.reject, tariff, version)


def test_a_tariff_is_assigned_from_a_moment_on(station, clock):
    approved(station, "home", FLAT, "Home")
    approved(station, "shop", FLAT, "Shop")
    for tariff in ("home", "shop", "shop"):  # in one moment of the clock
        do(station, assignment.assign, drn(1), tariff)
    clock.forward(hours=1)
    assert see(station, effect.tariff_of, drn(1), clock.now) == "shop"
    assert see(station, effect.tariff_of, drn(1), NOON - timedelta(hours=1)) == "flat"
    do(station, assignment.set_default, "home")
    assert see(station, effect.tariff_of, drn(2), clock.now) == "home"
    with pytest.raises(NotFound, match="There is no tariff nothing"):
        do(station, assignment.assign, drn(1), "nothing")
    with pytest.raises(NotFound):
        do(station, assignment.assign, drn(99), "home")


def sell(station, tender, number=1, at=None):
    """Price and settle a sale, and post what it recovers."""
    at = at or station.clock()
    with station.work("op:cy") as work:
        found = effect.effective(work, [drn(number)], at)
        situation = situations.situations(work, [drn(number)], at, found)[drn(number)]
        quote = price_money(found[drn(number)].rules, situation, tender, lambda units: units)
        situations.settle(work, drn(number), quote)
        taken = [(line.code, line.amount) for line in quote.lines if line.kind == "debt"]
        if taken:
            rows = (("debt", f"C00001/{code}", -amount) for code, amount in taken)
            total = sum(amount for _, amount in taken)
            ref = f"{at.isoformat()}/{tender}"
            post(work, Entry("sale", ref, (("cash", "", total), *rows)))
    return quote


def lines(quote: Quote):
    return {line.code: line.amount for line in quote.lines}


def test_charges_and_free_units_are_collected_once_a_month(station, clock):
    approved(station, "flat", CHARGED)
    first = sell(station, 2000)
    assert lines(first) == {"fixed": 500, "energy": 1500, "free": 0}
    assert (first.tenths, first.free_tenths) == (600, 500)
    second = sell(station, 2000)
    assert (lines(second), second.free_tenths) == ({"energy": 2000}, 0)
    situation = see(station, situations.situations, [drn(1)], NOON)[drn(1)]
    assert (situation.month_tenths, situation.free_tenths_left) == (1400, 0)
    assert situation.charges_paid == {"fixed": "2026-11"}
    later = datetime(2027, 2, 3, 9, 0, tzinfo=UTC)
    third = sell(station, 2000, at=later)
    assert (lines(third)["fixed"], third.lines[0].months) == (1500, 3)
    assert third.charges_paid == {"fixed": "2027-02"}
    do(station, situations.take_back, drn(1), "2027-02", third.tenths, 500, {"fixed": 3})
    situation = see(station, situations.situations, [drn(1)], later)[drn(1)]
    assert situation.charges_paid == {"fixed": "2026-11"}
    assert (situation.month_tenths, situation.free_tenths_left) == (0, 500)


def test_the_month_is_that_of_the_utility(station, clock):
    with station.work("op:ada") as work:
        work.session.get(Tenant, (1,)).time_zone = "Africa/Kampala"
    last_hour = datetime(2026, 11, 30, 20, 59, tzinfo=UTC)
    assert sell(station, 1000, at=last_hour).month == "2026-11"
    quote = sell(station, 1000, at=last_hour + timedelta(minutes=1))
    assert quote.month == "2026-12"


def test_debts_are_recovered_in_their_order_and_limits(station, clock):
    do(station, add_customer, "Ada", account_no="C00001")
    do(station, link_meter, drn(1), "C00001")
    do(station, debts.open_debt, "C00001", "Arrears", 3000, rate=2500, priority=2)
    do(
        station,
        debts.open_debt,
        "C00001",
        "Wiring",
        5000,
        kind="loan",
        rule="month",
        rate=400,
        priority=1,
    )
    quote = sell(station, 1000)
    assert lines(quote) == {"2": 400, "1": 250, "energy": 350}
    assert [line.balance for line in quote.lines[:2]] == [4600, 2750]
    clock.forward(minutes=1)
    assert lines(sell(station, 2000)) == {"1": 500, "energy": 1500}
    clock.forward(days=30)
    assert lines(sell(station, 400)) == {"2": 400}
    found = see(station, debts.debts, "C00001").items
    assert [(debt.debt_no, debt.state, debt.balance) for debt in found] == [
        (1, "open", 2250),
        (2, "open", 4200),
    ]
    do(station, debts.edit_debt, "C00001", 1, rule="amount", rate=5000, most=None)
    assert do(station, debts.write_off, "C00001", 2, "the wiring was never done") == 4200
    assert lines(sell(station, 5000)) == {"1": 2250, "energy": 2750}
    assert lines(sell(station, 4000)) == {"energy": 4000}
    states = [debt.state for debt in see(station, debts.debts).items]
    assert states == ["paid", "written_off"]
    for refused in (debts.edit_debt, debts.write_off):
        with pytest.raises(Conflict, match="is written off"):
            do(station, refused, "C00001", 2, *(["why"] if refused is debts.write_off else []))
    with pytest.raises(Conflict, match="Nothing is left"):
        do(station, debts.write_off, "C00001", 1, "why")


def test_debts_in_pages(station):
    for name in ("Ada", "Bob"):
        number = do(station, add_customer, name)
        for _ in range(2):
            do(station, debts.open_debt, number, "Arrears", 100)
    found, after = [], None
    while True:
        part = see(station, debts.debts, None, after, 1)
        found += [(debt.account_no, debt.debt_no) for debt in part.items]
        after = part.next
        if after is None:
            break
    assert found == [("C00001", 1), ("C00001", 2), ("C00002", 1), ("C00002", 2)]
    for wrong in ("C00001", "/1", "C00001/x", "C00001/²"):
        with pytest.raises(TjugoError, match="no such page"):
            see(station, debts.debts, None, wrong)


def test_refused_debts(station):
    do(station, add_customer, "Ada", account_no="C00001")
    for given in (
        {"amount": 0},
        {"amount": -1},
        {"amount": 10**13},
        {"amount": 1, "kind": "gift"},
        {"amount": 1, "rule": "all"},
        {"amount": 1, "rate": 10_001},
        {"amount": 1, "rate": -1},
        {"amount": 1, "rate": 0},
        {"amount": 1, "rule": "amount", "rate": 0},
        {"amount": 1, "least": 5, "most": 4},
        {"amount": 1, "priority": 5000},
        {"amount": 1, "name": " "},
    ):
        with pytest.raises(TjugoError) as refused:
            do(station, debts.open_debt, "C00001", **{"name": "Arrears", **given})
        assert refused.value.code == "debt_invalid" and refused.value.message.endswith(".")
    with pytest.raises(NotFound):
        do(station, debts.open_debt, "C99999", "Arrears", 100)
    with pytest.raises(NotFound):
        do(station, debts.write_off, "C00001", 1, "why")
    assert see(station, debts.debts).items == []
    do(station, debts.open_debt, "C00001", "Arrears", 100, rate=2000)
    with pytest.raises(TjugoError, match="above 0"):
        do(station, debts.edit_debt, "C00001", 1, rate=0)


def test_situations_of_many_meters_take_a_handful_of_queries(station):
    statements = []
    event.listen(
        station._engine, "before_cursor_execute", lambda *args: statements.append(args[2])
    )
    numbers = [drn(number) for number in range(1, 65)]
    found = see(station, situations.situations, numbers, NOON)
    assert set(found) == set(numbers)
    assert len([text for text in statements if text.startswith("SELECT")]) <= 8


def test_a_preview_shows_what_a_proposed_version_would_cost(station):
    taxed = TariffRules(
        "EUR",
        Flat(Decimal("0.25")),
        energy_tax="vat",
        taxes=(Tax("vat", "VAT", Decimal(20)),),
    )
    by(station, "op:ada", versions.propose, "home", taxed, None, "Home")
    shown = see(station, views.preview, NOON, 3000, None, drn(1), "home", 1)
    assert lines(shown.quote) == {"energy": 2500, "vat": 500}
    assert (shown.quote.tenths, shown.currency) == (1000, "EUR")
    assert see(station, views.preview, NOON, 3000, None, drn(1)).tariff == "flat"
    assert see(station, views.preview, NOON, None, 1000).quote.tendered == 2000
    with pytest.raises(Conflict, match="No version of tariff home"):
        see(station, views.preview, NOON, 3000, None, None, "home")
    for tender in (0, -5, 10**12 + 1):
        with pytest.raises(TjugoError, match=r"more than 0|At most"):
            see(station, views.preview, NOON, tender)


def test_every_recorded_form_is_read(station):
    """A version of the first form, as it is in databases: it stays readable, with its meaning."""
    content = json.dumps(
        {
            "v": 1,
            "currency": "EUR",
            "energy": {
                "kind": "blocks",
                "steps": [{"rate": "0.1", "up_to_tenths": 500}, {"rate": 2}],
            },
            "levies": [{"code": "fuel", "name": "Fuel", "kind": "per_kwh", "rate": "0.02"}],
        }
    )
    do(station, versions.propose, "home", stored.from_json(content), None, "Home")
    with station.view() as view:
        row = view.session.get(TariffVersion, (1, "home", 1))
        assert stored.from_json(row.content) == stored.from_json(content)
    for form in (0, 2, "1", None):
        with pytest.raises(TjugoError, match="this program reads 1"):
            stored.from_document({"v": form, "currency": "EUR"})
