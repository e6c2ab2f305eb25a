"""Voids: a sale whose token nobody was shown is undone; any other one is not."""

from decimal import Decimal

import pytest
from sqlalchemy import select
from station_kit import do, drn, see

from tjugo.errors import Conflict
from tjugo.station.audit import chain
from tjugo.station.delivery import service as delivery
from tjugo.station.ledger import balances, verify
from tjugo.station.receipts import service as receipts
from tjugo.station.registry import datasets
from tjugo.station.registry.customers import add_customer, link_meter
from tjugo.station.storage.tables import TokenDelivery
from tjugo.station.tariffs import debts, situations
from tjugo.station.tills import cash_up, shifts, vendors
from tjugo.station.vending import replacement, sale_views, views
from tjugo.station.vending.batch import sell_many
from tjugo.station.vending.purchase import Purchase
from tjugo.station.vending.void import void


def sell(station, client_id, amount=1000, number=3, **more):
    more = {"disclosed": False, "actor": "op:ada", **more}
    purchase = Purchase("web", client_id, drn(number), money=amount, **more)
    return do(station, sell_many, [purchase])[0]


def exported(station):
    rows = see(station, lambda view: list(datasets.rows(view, "tokens", True)))
    return [row[-1] for row in rows]


def right(station):
    assert see(station, verify.verify) == []
    assert see(station, chain.verify)[1] == []


def test_a_void_undoes_money_months_and_debts(station):
    do(station, vendors.ensure_default)
    account = do(station, add_customer, "Ada")
    do(station, link_meter, drn(3), account)
    do(station, debts.open_debt, account, "old bill", 300, rate=5000)
    shift = do(station, shifts.open_shift, "op:ada", "main", 0)
    before = see(station, situations.situations, [drn(3)], station.clock())[drn(3)]
    sell(station, "a", shift_no=shift)
    assert see(station, balances.balance, "debt", f"{account}/1") == 0
    do(station, void, "web", "a", "wrong meter")
    after = see(station, situations.situations, [drn(3)], station.clock())[drn(3)]
    assert (after.month_tenths, after.debts) == (before.month_tenths, before.debts)
    assert see(station, balances.balance, "debt", f"{account}/1") == 300
    assert see(station, balances.balance, "cash", str(shift)) == 0
    do(station, void, "web", "a", "again")  # changes nothing
    right(station)


def test_the_digits_of_a_void_sale_are_never_shown(station):
    sale = sell(station, "a")
    (listed,) = see(station, sale_views.sales).items
    assert (listed.state, listed.token) == ("not_shown", "")
    assert exported(station) == [""]
    assert see(station, sale_views.sales, sale.digits[:9]).items == []
    do(station, void, "web", "a", "wrong meter")
    (listed,) = see(station, sale_views.sales).items
    assert listed.state == "void"
    assert sale.digits not in str(listed)
    assert exported(station) == [""]
    with pytest.raises(Conflict, match="void"):
        see(station, views.find_sale, "web", "a")
    again = sell(station, "a")
    assert again.code == "sale_void"
    assert receipts.show(station, "op:ada", "web", "a").shown().tokens == ()
    with pytest.raises(Conflict, match="void"):
        do(station, receipts.count_print, "web", "a", "till")
    with pytest.raises(Conflict, match="nothing is owed"):
        do(station, replacement.replace, drn(3), sale.bdt, sale.tid, None, "customer asks")
    assert see(station, sale_views.sales, sale.digits[:9]).items == []


def test_a_token_that_was_shown_is_not_void(station):
    sell(station, "a", disclosed=True)
    with pytest.raises(Conflict, match="credit note"):
        do(station, void, "web", "a", "wrong meter")
    sell(station, "b")
    digits = receipts.show(station, "op:ada", "web", "b").shown().tokens[0].digits
    assert digits in exported(station)
    with pytest.raises(Conflict, match=r"shown.*credit note"):
        do(station, void, "web", "b", "wrong meter")
    with pytest.raises(Conflict, match=r"shown.*credit note"):
        do(station, void, "web", "b", "wrong meter")
    assert see(station, balances.balance, "cash") == 2000
    right(station)


def test_a_shift_that_is_cashed_up_stays_as_it_is(station):
    do(station, vendors.ensure_default)
    shift = do(station, shifts.open_shift, "op:ada", "main", 0)
    sell(station, "a", shift_no=shift)
    do(station, cash_up.cash_up, shift, {"cash": 1000})
    with pytest.raises(Conflict, match=r"cashed up.*credit note"):
        do(station, void, "web", "a", "wrong meter")
    right(station)


def test_a_delivery_of_a_void_sale_is_never_sent(station):
    sell(station, "a", number=1)
    jobs = see(station, delivery.open_jobs, station.clock())
    assert len(jobs) == 1
    do(station, void, "web", "a", "wrong meter")
    assert do(station, delivery.mark_sent, jobs) == [jobs[0].ref]  # was scheduled before
    assert see(station, delivery.open_jobs, station.clock()) == []
    (row,) = see(station, lambda view: view.session.scalars(select(TokenDelivery)).all())
    assert (row.state, row.attempts, row.reason) == ("expired", 0, "the sale is void")


def test_a_token_that_was_sent_to_its_meter_is_not_void(station):
    sell(station, "a", number=1)
    jobs = see(station, delivery.open_jobs, station.clock())
    assert do(station, delivery.mark_sent, jobs) == []
    with pytest.raises(Conflict, match=r"sent to the meter.*credit note"):
        do(station, void, "web", "a", "wrong meter")
    (listed,) = see(station, sale_views.sales).items
    assert listed.state == "sold" and Decimal(listed.kwh) == 50
    right(station)
