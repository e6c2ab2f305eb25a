"""Tills: vendors, shifts, cash-up, banking batches, deposits and commission."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import count
from threading import Barrier

import pytest
from station_kit import Clock, do, new_station, see

from tjugo.errors import Conflict, NotFound, TjugoError, Unavailable
from tjugo.station.ledger import balances, credit, verify
from tjugo.station.ledger.post import Entry, post
from tjugo.station.tills import (
    banking_views,
    batches,
    cash_up,
    commission,
    shifts,
    vendor_views,
    vendors,
    views,
)
from tjugo.station.tills.batches import NewDeposit

TODAY = date(2026, 11, 22)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def station(database, tmp_path, clock):
    with new_station(tmp_path / "state", clock, database()) as made:
        do(made, vendors.ensure_default)
        do(made, vendors.add_vendor, "agent", "Agent Ltd", 10_000, 250)
        do(made, vendors.add_outlet, "kiosk", "agent", "Kiosk")
        yield made
        assert see(made, verify.verify) == []


def sell(station, ref, shift_no, tendered, vendor="main", outlet="main", kind="sale"):
    """Post a sale as vending does: what was received, against energy with 15 % tax."""
    with station.work("test") as work:
        got = shifts.received(vendor, shift_no, tendered)
        total = sum(amount for _, amount in tendered)
        tax = total - total * 100 // 115
        sold = (("energy", "dom", tax - total), ("vat", "VAT", -tax))
        post(work, Entry(kind, ref, (*got, *sold), outlet, shift_no))


def counts_of(found):
    return {c.means: (c.expected, c.counted, c.difference) for c in found}


def test_the_default_vendor_and_outlet_are_made_once(station):
    do(station, vendors.ensure_default)
    assert [(o.outlet, o.vendor) for o in see(station, vendor_views.outlet_list)] == [
        ("kiosk", "agent"),
        ("main", "main"),
    ]


def test_a_shift_from_float_to_cash_up(station):
    number = do(station, shifts.open_shift, "op:ada", "main", 5000)
    sell(station, "web/1", number, [("cash", 11_500)])
    sell(station, "web/2", number, [("card", 2300), ("cash", 700)])
    sell(station, "web/3", number, [("cash", -700)], kind="credit_note")
    assert see(station, balances.balance, "cash", "") == -5000
    before = see(station, cash_up.counts, number, {"cash": 16_000})
    assert counts_of(before)["cash"] == (16_500, 16_000, -500)
    assert counts_of(before)["card"] == (2300, None, None)
    do(station, cash_up.cash_up, number, {"cash": 16_000, "card": 2300}, "A note is missing.")
    report = see(station, views.shift_report, number, "op:reader")
    assert (report.shift.difference, report.shift.note) == (-500, "A note is missing.")
    assert counts_of(report.counts) == {"cash": (16_500, 16_000, -500), "card": (2300, 2300, 0)}
    assert see(station, balances.balance, "cash_difference", str(number)) == 500
    # The float is back in the office; the takings wait to be banked.
    assert see(station, balances.balance, "cash", "") == 0
    assert see(station, balances.balance, "cash", str(number)) == 11_000
    takings = report.takings
    assert takings.total == 13_800
    assert [(m.means, m.amount) for m in takings.means] == [("cash", 11_500), ("card", 2300)]
    assert [(k.kind, k.entries, k.amount) for k in takings.kinds] == [
        ("credit_note", 1, -700),
        ("sale", 2, 14_500),
    ]
    assert sum(r.amount for r in takings.resources) == 13_800


def test_an_operator_has_one_open_shift_and_a_closed_one_takes_no_sale(station):
    number = do(station, shifts.open_shift, "op:ada", "main", 0)
    with pytest.raises(Conflict, match=f"shift {number} open already"):
        do(station, shifts.open_shift, "op:ada", "kiosk", 0)
    other = do(station, shifts.open_shift, "op:ben", "main", 0)
    assert set(do(station, shifts.require_open, [number, other, 99])) == {number, other}
    do(station, cash_up.cash_up, number, {"cash": 0})
    assert set(do(station, shifts.require_open, [number, other])) == {other}
    with pytest.raises(Conflict, match="closed already"):
        do(station, cash_up.cash_up, number, {"cash": 0})
    assert do(station, shifts.open_shift, "op:ada", "main", 0) == other + 1
    assert see(station, shifts.open_shift_of, "op:ada").shift_no == other + 1
    assert [row.shift_no for row in see(station, views.shifts, ["op:ada"]).items] == [3, 1]


@pytest.mark.parametrize(
    ("counted", "code"),
    [
        ({}, "count_missing"),
        ({"cash": 5}, "count_missing"),
        ({"cash": 5, "card": -1}, "amount_invalid"),
        ({"cash": 10**16, "card": 1}, "amount_invalid"),
        ({"cash": 5, "card": 1, "gold": 1}, "means_unknown"),
    ],
)
def test_what_is_not_counted_is_not_taken_for_0(station, counted, code):
    number = do(station, shifts.open_shift, "op:ada", "main", 0)
    sell(station, "web/1", number, [("card", 100)])
    with pytest.raises(TjugoError) as caught:
        do(station, cash_up.cash_up, number, counted)
    assert caught.value.code == code
    assert see(station, shifts.open_shift_of, "op:ada") is not None


@pytest.mark.parametrize(
    ("outlet", "amount", "code"),
    [("nowhere", 0, "outlet_unknown"), ("main", -1, "amount_invalid")],
)
def test_a_shift_that_cannot_be_opened(station, outlet, amount, code):
    with pytest.raises(TjugoError) as caught:
        do(station, shifts.open_shift, "op:ada", outlet, amount)
    assert caught.value.code == code


def test_no_shift_at_an_outlet_that_is_closed(station):
    do(station, vendors.edit_outlet, "kiosk", active=False)
    with pytest.raises(Conflict, match="not active"):
        do(station, shifts.open_shift, "op:ada", "kiosk", 0)
    do(station, vendors.edit_outlet, "kiosk", active=True)
    do(station, vendors.edit_vendor, "agent", active=False)
    with pytest.raises(Conflict, match="not active"):
        do(station, shifts.open_shift, "op:ada", "kiosk", 0)


def test_a_batch_takes_the_closed_shifts_and_is_deposited_by_means(station):
    for operator, cash, card in (("op:ada", 900, 300), ("op:ben", 100, 0)):
        number = do(station, shifts.open_shift, operator, "main", 50)
        sell(station, f"web/{operator}", number, [("cash", cash), ("card", card)])
        do(station, cash_up.cash_up, number, {"cash": cash + 50, "card": card})
    still_open = do(station, shifts.open_shift, "op:ada", "main", 0)
    batch = do(station, batches.close_batch, "main")
    with pytest.raises(Conflict, match="no closed shift"):
        do(station, batches.close_batch, "main")
    first = see(station, banking_views.batch_report, batch)
    assert [row.shift_no for row in first.shifts] == [1, 2]
    assert first.takings.total == 1300
    assert [(m.means, m.amount) for m in first.left] == [("cash", 1000), ("card", 300)]
    deposit = do(station, batches.deposit_batch, batch, NewDeposit(600, "SLIP 1"))
    with pytest.raises(Conflict, match="holds less cash"):
        do(station, batches.deposit_batch, batch, NewDeposit(401, "SLIP 2"))
    with pytest.raises(Conflict, match="is recorded already"):
        do(station, batches.deposit_batch, batch, NewDeposit(400, "SLIP 1"))
    with pytest.raises(Conflict, match="SLIP 1 is recorded already"):
        do(station, batches.deposit_batch, batch, NewDeposit(400, " slip1"))
    do(station, batches.deposit_batch, batch, NewDeposit(300, "SLIP 3", "card"))
    again = see(station, banking_views.batch_report, batch)
    assert (again.shifts, again.takings) == (first.shifts, first.takings)
    assert [(m.means, m.amount) for m in again.left] == [("cash", 400)]
    assert see(station, balances.balance, "bank", "") == 900
    do(station, batches.reverse_deposit, deposit, "Another slip's amount.")
    do(station, batches.deposit_batch, batch, NewDeposit(1000, "SLIP 1"))
    with pytest.raises(Conflict, match="reversed already"):
        do(station, batches.reverse_deposit, deposit, "Again.")
    assert see(station, banking_views.batch_report, batch).left == ()
    assert [row.left for row in see(station, banking_views.batch_list).items] == [0]
    assert see(station, balances.balance, "bank", "") == 1300
    assert still_open not in [row.shift_no for row in first.shifts]


@pytest.mark.parametrize(
    ("new", "code"),
    [
        (NewDeposit(0, "A"), "amount_invalid"),
        (NewDeposit(-5, "A"), "amount_invalid"),
        (NewDeposit(5, " "), "bank_ref_invalid"),
        (NewDeposit(5, "A", "gold"), "means_unknown"),
    ],
)
def test_a_deposit_that_is_not_one(station, new, code):
    with pytest.raises(TjugoError) as caught:
        do(station, batches.deposit_vendor, "agent", new)
    assert caught.value.code == code
    with pytest.raises(NotFound):
        do(station, batches.deposit_batch, 9, NewDeposit(1, "A"))
    with pytest.raises(TjugoError, match="by banking batch"):
        do(station, batches.deposit_vendor, "main", NewDeposit(1, "A"))


def test_a_vendor_owes_what_it_took_less_deposits_and_commission(station, clock):
    number = do(station, shifts.open_shift, "op:eve", "kiosk", 200)
    sell(station, "web/1", number, [("cash", 4000)], "agent", "kiosk")
    sell(station, "api/1", None, [("mobile_money", 1000)], "agent", "kiosk")
    (agent, _) = see(station, vendor_views.vendor_list)
    assert (agent.owed, agent.available) == (5000, 5000)
    do(station, cash_up.cash_up, number, {"cash": 4190})
    (agent, _) = see(station, vendor_views.vendor_list)
    assert (agent.owed, agent.available) == (4990, 5010)
    do(station, batches.deposit_vendor, "agent", NewDeposit(3000, "T-1"))
    clock.forward(days=1)
    assert do(station, commission.post_due) == [
        commission.DayCommission("agent", TODAY, 5000, 250, 125)
    ]
    assert do(station, commission.post_due) == []
    found = see(station, vendor_views.vendor_statement, "agent", TODAY, date(2026, 11, 23))
    assert [(line.kind, line.amount, line.balance) for line in found.lines] == [
        ("shift_open", -200, -200),
        ("sale", 1000, 800),
        ("cash_up", 4190, 4990),
        ("deposit", -3000, 1990),
        ("commission", -125, 1865),
    ]
    assert (found.opening, found.closing) == (0, 1865)


def test_a_new_commission_counts_from_its_day_on(station, clock):
    sell(station, "api/1", None, [("cash", 1000)], "agent", "kiosk")
    clock.forward(days=1)
    do(station, vendors.edit_vendor, "agent", commission=500)
    sell(station, "api/2", None, [("cash", 1000)], "agent", "kiosk")
    sell(station, "api/3", None, [("cash", -100)], "agent", "kiosk", "credit_note")
    clock.forward(days=1)
    (posted,) = do(station, commission.post_due, "agent")
    assert (posted.sales, posted.rate, posted.commission) == (900, 500, 45)
    assert see(station, balances.balance, "commission", "agent") == 25 + 45


def test_no_commission_of_days_that_a_wrong_clock_makes(station, clock):
    sell(station, "api/1", None, [("cash", 1000)], "agent", "kiosk")
    clock.forward(days=60)
    with pytest.raises(Unavailable, match="clock"):
        do(station, commission.post_due, "agent")
    clock.forward(days=-59)
    assert len(do(station, commission.post_due, "agent")) == 1


@pytest.mark.parametrize("rate", [-1, 5001, 100_000, True, 2.5])
def test_a_commission_in_the_wrong_unit_is_refused(station, rate):
    for change in (
        lambda work: vendors.edit_vendor(work, "agent", commission=rate),
        lambda work: vendors.add_vendor(work, "new", "New", None, rate),
    ):
        with pytest.raises(TjugoError, match="from 0 to 50 percent"):
            do(station, change)


def test_half_a_unit_of_commission_is_rounded_away_from_0():
    assert [commission.share(amount, 250) for amount in (20, 19, 21, 0, -20, -19)] == [
        *(1, 0, 1, 0),
        *(-1, 0),
    ]


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda work: vendors.add_vendor(work, "agent", "A"), "vendor_exists"),
        (lambda work: vendors.add_vendor(work, "A B", "A"), "vendor_invalid"),
        (lambda work: vendors.add_vendor(work, "new", " "), "till_text_invalid"),
        (lambda work: vendors.add_vendor(work, "new", "N", -1), "credit_limit_invalid"),
        (lambda work: vendors.edit_vendor(work, "none", name="N"), "vendor_unknown"),
        (lambda work: vendors.add_outlet(work, "kiosk", "agent", "K"), "outlet_exists"),
        (lambda work: vendors.add_outlet(work, "k2", "none", "K"), "vendor_unknown"),
        (lambda work: vendors.add_outlet(work, "", "agent", "K"), "outlet_invalid"),
    ],
)
def test_vendors_and_outlets_that_cannot_be(station, call, code):
    with pytest.raises(TjugoError) as caught:
        do(station, call)
    assert caught.value.code == code


@pytest.mark.parametrize("number", [0, -1, 2**31, 10**30])
def test_numbers_that_no_series_reaches(station, number):
    for call in (
        lambda work: shifts.known_shift(work, number),
        lambda work: batches.known_batch(work, number),
        lambda work: batches.known_deposit(work, number, lock=True),
        lambda work: cash_up.cash_up(work, number, {"cash": 0}),
        lambda work: batches.deposit_batch(work, number, NewDeposit(1, "A")),
    ):
        with pytest.raises(NotFound):
            do(station, call)


def test_a_vendor_that_sells_at_two_tills_at_once_keeps_its_limit(station):
    """Each thread sells until it is refused; what is owed in the end is within the limit."""

    def sell_until_refused(name):
        for number in count():
            with station.work(name) as work:
                (permitted,) = credit.check_limits(work, [("agent", 700)])
                if not permitted:
                    return
                rows = (("vendor", "agent", 700), ("energy", "dom", -700))
                post(work, Entry("sale", f"{name}/{number}", rows, "kiosk"))

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(sell_until_refused, ["a", "b", "c"]))
    assert see(station, balances.balance, "vendor", "agent") == 9800


def test_entries_of_several_threads_are_all_posted(station):
    accounts = ["cash", "card", "mobile_money", "voucher", "bank"]

    def work_at_once(name):
        for number in range(10):
            order = accounts if (number + len(name)) % 2 else accounts[::-1]
            with station.work(name) as work:
                for account in order:
                    rows = ((account, "", 7), ("energy", "dom", -7))
                    post(work, Entry("sale", f"{name}/{number}/{account}", rows))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work_at_once, ["a", "bb", "c", "dd"]))
    assert see(station, balances.by_account, accounts, "") == dict.fromkeys(accounts, 280)
    assert see(station, verify.entries) == 200


def test_a_shift_is_closed_with_all_sales_or_the_sale_is_refused(station):
    """A sale and the cash-up of its shift meet; no money comes into a closed till."""
    number = do(station, shifts.open_shift, "op:ada", "main", 0)
    start = Barrier(2)

    def sell_until_closed():
        start.wait()
        for sale in count():
            with station.work("a") as work:
                if not shifts.require_open(work, [number]):
                    return sale
                rows = (("cash", str(number), 100), ("energy", "dom", -100))
                post(work, Entry("sale", f"a/{sale}", rows, "main", number))

    def close():
        start.wait()
        while see(station, verify.entries) < 3:
            pass
        do(station, cash_up.cash_up, number, {"cash": 0})

    with ThreadPoolExecutor(2) as pool:
        sold, closed = pool.submit(sell_until_closed), pool.submit(close)
        closed.result()
        sales = sold.result()
    report = see(station, views.shift_report, number, "op:reader")
    assert report.takings.total == -report.shift.difference == 100 * sales
    assert see(station, balances.balance, "cash", str(number)) == 0
