"""Sales of meters whose key is to be changed: tokens, receipt and delivery, on both databases."""

from decimal import Decimal

import pytest
from engineering_kit import EA07, EA11, IN_2036, Meter, make_station, plan, signed
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from station_kit import Clock, do, see

from sts_portable import results
from tjugo.station import clock as clock_guard
from tjugo.station.delivery.jobs import Ack
from tjugo.station.link import records
from tjugo.station.receipts.model import Receipt
from tjugo.station.registry.meters import config_of
from tjugo.station.storage.tables import PlainToken, Sale
from tjugo.station.tills import vendors
from tjugo.station.vending import change_rows, change_steps, engineering, evidence, views
from tjugo.station.vending.batch import sell_many
from tjugo.station.vending.purchase import Purchase
from tjugo.station.vending.views import Refusal

PARTS = {results.ACCEPT, results.FIRST_KCT, results.SECOND_KCT, results.THIRD_KCT, 18}


@pytest.fixture
def station(database, tmp_path):
    with make_station(tmp_path / "state", collector="c1", database_url=database()) as made:
        yield made


def buy(station, *wanted):
    """Buy 10 kWh for each (client id, meter) in one transaction; return the outcomes."""
    purchases = [Purchase("test", name, number, kwh=Decimal(10)) for name, number in wanted]
    with station.work("op:cashier") as work:
        return sell_many(work, purchases)


def receipt_of(station, client_id):
    with station.view() as view:
        row = view.session.get_one(Sale, (1, "test", client_id))
        return Receipt.from_json(row.receipt)


@pytest.mark.parametrize("number", [EA07, EA11])
def test_the_receipt_has_the_key_change_before_the_credit(station, number):
    plan(station, number, krn=2)
    (sale,) = buy(station, ("a", number))
    receipt = receipt_of(station, "a")
    assert [one.kind for one in receipt.tokens][-1] == "credit"
    assert receipt.tokens[-1].digits == sale.digits
    assert receipt.meter.krn == sale.krn == 2
    meter = Meter(station, number)
    assert {meter.enter(one.digits) for one in receipt.tokens} <= PARTS
    assert meter.key.krn == 2
    assert buy(station, ("a", number))[0].digits == sale.digits
    assert see(station, views.find_sale, "test", "a").digits == sale.digits
    assert do(station, evidence.accepted, number, sale.digits) is True
    assert see(station, config_of, number).krn == 2
    assert [one.kind for one in receipt_of_next(station, number)] == ["credit"]


def receipt_of_next(station, number):
    buy(station, ("next", number))
    return receipt_of(station, "next").tokens


def test_two_sales_of_one_transaction_print_the_same_key_change(station):
    plan(station, EA07, krn=2)
    first, second = buy(station, ("a", EA07), ("b", EA07))
    assert first.tid != second.tid
    one, two = (receipt_of(station, name).tokens for name in "ab")
    assert [t.digits for t in one[:-1]] == [t.digits for t in two[:-1]]
    meter = Meter(station, EA07)
    assert [meter.enter(t.digits) for t in (*one, two[-1])] == [2, 1, 1, 1]


def test_a_sale_that_is_refused_leaves_the_key_change_planned(station):
    plan(station, EA07, krn=2)
    do(station, vendors.edit_vendor, vendors.MAIN, credit_limit=1)
    (refused,) = buy(station, ("a", EA07))
    assert isinstance(refused, Refusal)
    assert see(station, change_rows.open_change, EA07).state == "planned"
    with station.view() as view:
        assert view.session.query(PlainToken).count() == 0


def test_the_credit_is_delivered_behind_the_key_change(station):
    plan(station, EA07, krn=2)
    sold = buy(station, ("a", EA07))[0]
    assert sold.delivery.ref is not None
    meter, entered = Meter(station, EA07), []
    while jobs := records.open_jobs(station, only_new=True):
        (job,) = jobs
        records.mark_sent(station, jobs)
        entered.append((job.digits, meter.enter(job.digits)))
        ack = Ack(job.collector_id, EA07, job.ref, "done", entered[-1][1])
        records.acks(station, [signed(station, meter, ack)])
    assert [digits for digits, _ in entered] == [
        token.digits for token in receipt_of(station, "a").tokens
    ]
    assert [result for _, result in entered] == [2, results.ACCEPT, results.ACCEPT]
    assert see(station, views.find_sale, "test", "a").delivery.state == "accepted"


def test_an_id_is_for_a_sale_or_for_an_engineering_token(station):
    with station.work("op:e") as work:
        engineering.request(work, "test", "a", EA07, "display_krn")
    (error,) = buy(station, ("a", EA07))
    assert error.code == "request_id_used"


def test_a_new_base_date_has_its_own_tids(station):
    station.clock.now = IN_2036
    do(station, clock_guard.confirm)
    meter = Meter(station, EA07)
    before = buy(station, ("a", EA07))[0]
    assert meter.enter(before.digits) == results.ACCEPT
    plan(station, EA07, krn=5)
    sales = buy(station, ("b", EA07), ("c", EA07))
    assert [sale.bdt for sale in sales] == ["35", "35"]
    assert sales[0].tid < sales[1].tid < before.tid
    for one in receipt_of(station, "b").tokens:
        assert meter.enter(one.digits) in PARTS
    assert meter.enter(sales[1].digits) == results.ACCEPT
    assert meter.enter(before.digits) == results.CRC_ERROR


STEPS = st.lists(st.sampled_from(["sell", "lose", "change", "rollover", "confirm"]), max_size=10)


@settings(max_examples=examples(6), deadline=None)
@given(steps=STEPS, number=st.sampled_from([EA07, EA11]))
def test_every_receipt_is_accepted_in_its_order(tmp_path_factory, steps, number):
    clock = Clock()
    with make_station(tmp_path_factory.mktemp("sales") / "state", clock) as station:
        clock.now = IN_2036
        do(station, clock_guard.confirm)
        meter, krns, used = Meter(station, number), [2, 3], set()
        for place, step in enumerate(steps):
            change = see(station, change_rows.open_change, number)
            if step in ("sell", "lose"):
                (sale,) = buy(station, (f"s{place}", number))
                assert sale.digits not in used
                used.add(sale.digits)
                if step == "sell":
                    *parts, credit = receipt_of(station, f"s{place}").tokens
                    shown = {meter.enter(part.digits) for part in parts}
                    assert shown <= PARTS or shown == {results.CRC_ERROR}
                    assert meter.enter(credit.digits) == results.ACCEPT
            elif step == "confirm" and change is not None and change.state == "issued":
                if meter.key.krn == see(station, change_rows.registers, number)[0][0].krn:
                    do(station, change_steps.confirm, number, "reading")
            elif change is None and see(station, config_of, number).bdt == "14":
                if step == "rollover":
                    plan(station, number, krn=5)
                elif step == "change" and krns:
                    plan(station, number, krn=krns.pop())
            clock.forward(minutes=1)
