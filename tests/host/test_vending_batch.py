"""Selling in batches: what one sale gets does not depend on the others beside it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import func, select
from station_kit import do, drn, new_station, see

from tjugo.errors import Conflict, TjugoError
from tjugo.station.audit import chain
from tjugo.station.ledger import balances, verify
from tjugo.station.registry.customers import add_customer, link_meter
from tjugo.station.storage.tables import LedgerEntry, Sale, Token, TokenDelivery, VendRequest
from tjugo.station.tariffs import assignment, debts
from tjugo.station.tariffs.carried import encodable
from tjugo.station.tariffs.effect import in_effect
from tjugo.station.tills import cash_up, shifts, vendors
from tjugo.station.vending.batch import sell_many
from tjugo.station.vending.purchase import Purchase, Tender
from tjugo.station.vending.queue import SaleQueue
from tjugo.station.vending.trial import trial
from tjugo.station.vending.views import Refusal
from tjugo.station.vending.views import Sale as SaleDone


@pytest.fixture
def station(tmp_path):
    with new_station(tmp_path / "state") as opened:
        yield opened


def spend(client_id, amount, number=1, **more):
    return Purchase("till", client_id, drn(number), money=amount, actor="op:ada", **more)


def count(station, table):
    return see(station, lambda view: view.session.scalar(select(func.count()).select_from(table)))


def sell(station, *purchases):
    return do(station, sell_many, list(purchases))


def test_a_repeated_request_is_paid_in_the_same_way(station):
    paid = (Tender("cash", 600), Tender("card", 400, "slip 7"))
    (first,) = sell(station, spend("a", 1000, tenders=paid, terminal="t1"))
    (again,) = sell(station, spend("a", 1000, tenders=paid[::-1], terminal="t2"))
    assert isinstance(first, SaleDone) and again == first
    for more in (
        {"tenders": (Tender("cash", 1000),)},
        {"tenders": (Tender("cash", 600), Tender("card", 400, "slip 8"))},
        {"tenders": ()},
        {"tenders": paid, "kind": "free"},
    ):
        (used,) = sell(station, spend("a", 1000, **more))
        assert isinstance(used, Conflict) and used.code == "request_id_used"
    (first,) = sell(station, spend("b", 1000))
    assert sell(station, spend("b", 1000, tenders=(Tender("cash", 1000),))) == [first]
    with station.work("test") as work:  # of a version that recorded neither
        work.session.get_one(VendRequest, (work.tenant_id, "till", "b")).asked = None
    assert sell(station, spend("b", 1000, tenders=paid)) == [first]


def test_a_batch_of_all_kinds(station):
    """Sales, refusals, a repeated id, one meter twice: each as if it were alone."""
    outcomes = sell(
        station,
        spend("a", 1000),
        spend("b", 1000, number=9),
        spend("c", 500, number=2),
        spend("a", 1000),
        spend("d", 200),
        spend("a", 999),
        spend("e", 0, number=3),
        Purchase("till", "no id!", drn(1), money=5),
    )
    a, b, c, again, d, used, e, wrong = outcomes
    assert isinstance(a, SaleDone) and isinstance(c, SaleDone) and isinstance(d, SaleDone)
    assert again == a
    assert (b.code, e.code) == ("meter_unknown", "amount_invalid")
    assert isinstance(used, Conflict) and used.code == "request_id_used"
    assert isinstance(wrong, TjugoError) and wrong.code == "request_id_invalid"
    assert (a.units_kwh, c.units_kwh, d.units_kwh) == (50, 25, 10)
    assert a.tid < d.tid
    assert [s.receipt.number for s in (a, c, d)] == [1, 2, 3]
    assert (count(station, Sale), count(station, VendRequest), count(station, Token)) == (3, 5, 3)
    assert see(station, balances.balance, "cash", "") == 1700
    assert see(station, verify.verify) == []
    assert see(station, chain.verify)[1] == []


def test_an_id_that_an_address_would_lose_is_none(station):
    """`/vends/..` is `/` to most programs: such a sale could not be asked for again."""
    bought = [Purchase("till", client_id, drn(1), money=1000) for client_id in (".", "..", "...")]
    one, two, three = sell(station, *bought)
    assert one.code == two.code == "request_id_invalid" and isinstance(three, SaleDone)


def test_the_answer_to_a_repeat_is_the_first_one(station):
    by_card = (Tender("card", 777, "slip 9"),)
    first = sell(station, spend("a", 777, tenders=by_card))[0]
    station_clock = station.clock
    station_clock.forward(days=3)
    assert sell(station, spend("a", 777, tenders=by_card))[0] == first
    assert sell(station, spend("a", 777))[0].code == "request_id_used"
    refused = sell(station, spend("r", 777, number=9))[0]
    assert sell(station, spend("r", 777, number=9))[0] == refused
    assert isinstance(refused, Refusal)


def test_change_is_given_in_cash_only(station):
    cash = sell(station, spend("a", 1000, tenders=(Tender("cash", 1500),)))[0]
    assert (cash.receipt.change, cash.units_kwh) == (500, 50)
    split = (Tender("card", 700, "x"), Tender("cash", 400))
    both = sell(station, spend("b", 1000, tenders=split))[0]
    assert both.receipt.change == 100
    assert see(station, balances.balance, "card", "") == 700
    assert see(station, balances.balance, "cash", "") == 1300
    assert sell(station, spend("c", 1000, tenders=(Tender("card", 1001),)))[0].code == (
        "tender_invalid"
    )
    assert sell(station, spend("d", 1000, tenders=(Tender("cash", 999),)))[0].code == (
        "tender_too_low"
    )


def test_two_meters_of_one_customer_do_not_pay_a_debt_twice(station):
    account = do(station, add_customer, "Ada")
    for number in (1, 2):
        do(station, link_meter, drn(number), account)
    do(station, debts.open_debt, account, "old bill", 300, rate=5000)
    first, second = sell(station, spend("a", 500), spend("b", 500, number=2))
    paid = [
        sum(line.amount for line in sale.receipt.lines if line.kind == "debt")
        for sale in (first, second)
    ]
    assert paid == [250, 50]
    assert see(station, balances.balance, "debt", f"{account}/1") == 0
    assert see(station, verify.verify) == []


def test_a_trial_sells_nothing(station):
    found = see(station, trial, spend("x", 1000), station.clock())
    assert (found.quote.tenths, found.quote.tendered) == (500, 1000)
    assert count(station, VendRequest) == 0
    with pytest.raises(TjugoError, match="not registered"):
        see(station, trial, spend("x", 1000, number=9), station.clock())


def test_the_queue_answers_each_thread_with_its_own_sale(station):
    queue = SaleQueue(station)
    with ThreadPoolExecutor(16) as threads:
        asked = [spend(f"{n}", 100 + n, number=1 + n % 3) for n in range(60)]
        futures = list(threads.map(queue.submit, asked))
        sales = [future.result() for future in futures]
    queue.close()
    assert [sale.client_id for sale in sales] == [f"{n}" for n in range(60)]
    assert [sale.receipt.paid() for sale in sales] == [100 + n for n in range(60)]
    assert sorted(sale.receipt.number for sale in sales) == list(range(1, 61))
    assert len({(sale.drn, sale.tid) for sale in sales}) == 60
    assert count(station, LedgerEntry) == 60
    with pytest.raises(TjugoError, match="stops"):
        queue.submit(spend("late", 100)).result()


@pytest.mark.parametrize(
    ("wanted", "carried"), [(0, 0), (16383, 16383), (16384, 16384), (16385, 16384)]
)
def test_what_a_token_can_carry(wanted, carried):
    assert encodable(wanted) == carried
    assert encodable(10**9) == Decimal("18201624")


def test_a_closed_shift_a_closed_outlet_and_a_full_vendor_are_refused_alone(station):
    do(station, vendors.add_vendor, "agent", "Agent", 1500)
    do(station, vendors.add_outlet, "kiosk", "agent", "Kiosk")
    do(station, vendors.add_outlet, "shut", "main", "Shut")
    do(station, vendors.edit_outlet, "shut", active=False)
    ended = do(station, shifts.open_shift, "op:ada", "main", 0)
    do(station, cash_up.cash_up, ended, {"cash": 0})
    till = do(station, shifts.open_shift, "op:ada", "kiosk", 0)
    outcomes = sell(
        station,
        spend("a", 1000, outlet="kiosk", shift_no=till),
        spend("b", 600, number=2, outlet="kiosk"),
        spend("c", 500, number=3, outlet="kiosk"),
        spend("d", 500, shift_no=ended),
        spend("e", 500, shift_no=till),
        spend("f", 500, outlet="shut"),
        spend("g", 500, outlet="none"),
        spend("h", 700),
    )
    assert [getattr(found, "code", "sold") for found in outcomes] == [
        *("sold", "vendor_credit", "sold", "shift_closed", "shift_closed"),
        *("outlet_closed", "outlet_unknown", "sold"),
    ]
    assert see(station, balances.balance, "cash", str(till)) == 1000
    assert see(station, balances.balance, "vendor", "agent") == 500
    assert see(station, balances.balance, "cash", "") == 700
    assert see(station, verify.verify) == []


def test_free_units_are_delivered_as_those_that_are_paid(station):
    rules = see(station, in_effect, assignment.DEFAULT, station.clock()).rules
    with_free = replace(rules, free_tenths_per_month=500)
    do(station, assignment.add_first, "free", "With free units", with_free)
    do(station, assignment.assign, drn(1), "free")
    (sold,) = sell(station, spend("a", 1000))
    with station.view() as view:
        sent = list(view.session.scalars(select(TokenDelivery).order_by(TokenDelivery.tid)))
        tokens = list(view.session.scalars(select(Token).order_by(Token.tid)))
    assert [row.tid for row in sent] == [token.tid for token in tokens]
    assert [token.units_tenths for token in tokens] == [500, 500]
    assert sold.delivery.ref == sent[-1].ref


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        ({"sale_limit": 999}, "This is more than you may sell at once: 9.99 EUR."),
        ({"day_limit": 500}, "With this your limit for today, 5.00 EUR, is exceeded."),
    ],
)
def test_the_refusal_of_a_sale_names_the_limit(station, limits, sentence):
    purchase = Purchase("web", "a", drn(3), money=1000, actor="op:ben", **limits)
    (refused,) = do(station, sell_many, [purchase])
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.message) == ("seller_limit", sentence)
