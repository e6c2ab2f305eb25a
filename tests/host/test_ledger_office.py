"""The utility's own money that comes in without a shift is banked, and owed by nobody."""

import pytest
from station_kit import do, drn, see
from test_vending_credit_note import customer, note, right

from tjugo.errors import Conflict
from tjugo.station.ledger import balances
from tjugo.station.tills import banking_views, batches, cash_up, shifts, vendor_views, vendors
from tjugo.station.tills.batches import NewDeposit
from tjugo.station.vending.batch import sell_many
from tjugo.station.vending.purchase import Purchase, Tender
from tjugo.station.vending.seller import Seller


@pytest.fixture(autouse=True)
def places(station):
    do(station, vendors.ensure_default)
    do(station, vendors.add_outlet, "shop", "main", "Shop")
    do(station, vendors.add_vendor, "agent", "Agent Ltd", 10_000)
    do(station, vendors.add_outlet, "kiosk", "agent", "Kiosk")


def sell(station, client_id, amount, means="cash", number=1, **more):
    tenders = (Tender(means, amount, client_id),)
    (done,) = do(
        station,
        sell_many,
        [Purchase("api", client_id, drn(number), money=amount, tenders=tenders, **more)],
    )
    assert done.receipt.paid() == amount


def held(station, means, party=""):
    return see(station, balances.balance, means, party)


def amounts(found):
    return {one.means: one.amount for one in found}


def test_a_batch_takes_what_its_outlet_received_without_a_shift(station):
    sell(station, "a", 1000)
    sell(station, "b", 700, "card")
    sell(station, "c", 300, "bank")
    sell(station, "d", 4000, outlet="shop")
    sell(station, "e", 5000, outlet="kiosk")
    waiting = [
        (one.outlet, one.shifts, one.office) for one in see(station, banking_views.unbanked)
    ]
    assert waiting == [("main", 0, 2000), ("shop", 0, 4000)]
    number = do(station, batches.close_batch, "main")
    report = see(station, banking_views.batch_report, number)
    taken = {"cash": 1000, "card": 700, "bank": 300}
    assert amounts(report.office) == amounts(report.left) == taken
    assert held(station, "cash") == 4000
    for means, amount in taken.items():
        do(station, batches.deposit_batch, number, NewDeposit(amount, f"Q {means}", means))
    after = see(station, banking_views.batch_report, number)
    assert (after.office, after.left) == (report.office, ())
    assert (held(station, "card"), held(station, "bank")) == (0, 2000)
    with pytest.raises(Conflict, match="no money from sales without a shift"):
        do(station, batches.close_batch, "main")
    do(station, batches.close_batch, "shop")
    assert held(station, "cash") == 0
    with pytest.raises(Conflict, match="Outlet kiosk has no closed shift"):
        do(station, batches.close_batch, "kiosk")
    right(station)


def test_floats_stay_apart_and_shifts_go_along(station):
    sell(station, "a", 1000)
    first = do(station, shifts.open_shift, "op:ada", "main", 500)
    second = do(station, shifts.open_shift, "op:ben", "main", 300)
    sell(station, "b", 250, number=2, shift_no=first)
    do(station, cash_up.cash_up, first, {"cash": 750})
    (row,) = see(station, banking_views.unbanked)
    assert (row.shifts, row.amount, row.office) == (1, 250, 1000)
    number = do(station, batches.close_batch, "main")
    report = see(station, banking_views.batch_report, number)
    assert amounts(report.left) == {"cash": 1250}
    assert amounts(report.office) == {"cash": 1000}
    assert report.takings.total == 250
    assert held(station, "cash") == -300  # the float that is out
    sell(station, "c", 90)
    do(station, cash_up.cash_up, second, {"cash": 300})
    do(station, batches.close_batch, "main")
    assert held(station, "cash") == 0
    right(station)


def test_what_was_returned_without_a_shift_lessens_what_the_tills_bring(station):
    customer(station)
    shift = do(station, shifts.open_shift, "op:ada", "main", 0)
    sell(station, "a", 1000, number=3, shift_no=shift)
    note(station, "n", 400, "cash", "a", Seller("op:ada"), "api")
    assert see(station, banking_views.unbanked) == []
    with pytest.raises(Conflict):
        do(station, batches.close_batch, "main")
    do(station, cash_up.cash_up, shift, {"cash": 1000})
    (row,) = see(station, banking_views.unbanked)
    assert (row.amount, row.office) == (1000, -400)
    number = do(station, batches.close_batch, "main")
    report = see(station, banking_views.batch_report, number)
    assert (amounts(report.left), amounts(report.office)) == ({"cash": 600}, {"cash": -400})
    assert held(station, "cash") == 0
    right(station)


def test_a_batch_never_holds_less_than_nothing(station):
    customer(station)
    shift = do(station, shifts.open_shift, "op:ada", "main", 0)
    sell(station, "a", 1000, "card", 3, shift_no=shift)
    note(station, "n", 400, "cash", "a", Seller("op:ada"), "api")
    do(station, cash_up.cash_up, shift, {"cash": 0, "card": 1000})
    number = do(station, batches.close_batch, "main")
    assert amounts(see(station, banking_views.batch_report, number).left) == {"card": 1000}
    assert held(station, "cash") == -400
    sell(station, "b", 450)
    number = do(station, batches.close_batch, "main")
    assert amounts(see(station, banking_views.batch_report, number).left) == {"cash": 50}
    assert held(station, "cash") == 0
    right(station)


def test_the_utility_owes_itself_nothing_and_lists_agree_with_statements(station):
    shift = do(station, shifts.open_shift, "op:ada", "main", 0)
    sell(station, "a", 1000, shift_no=shift)
    till = do(station, shifts.open_shift, "op:ben", "kiosk", 0)
    sell(station, "b", 700, number=2, outlet="kiosk", shift_no=till)
    sell(station, "c", 300, number=2, outlet="kiosk")
    found = {row.vendor: row for row in see(station, vendor_views.vendor_list)}
    assert (found["main"].owed, found["main"].in_tills) == (None, None)
    agent = found["agent"]
    assert (agent.owed, agent.in_tills, agent.available) == (1000, 700, 9000)
    today = station.clock().date()
    stated = see(station, vendor_views.vendor_statement, "agent", today, today)
    assert agent.owed - agent.in_tills == stated.closing == 300
