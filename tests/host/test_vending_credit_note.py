"""Credit notes and payments, and whatever follows whatever: the books are right."""

from itertools import count

import pytest
from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from station_kit import do, drn, see

from tjugo.errors import Conflict, TjugoError
from tjugo.station.audit import chain
from tjugo.station.ledger import balances, verify
from tjugo.station.receipts import render
from tjugo.station.receipts import service as receipts
from tjugo.station.registry.customers import add_customer, link_meter
from tjugo.station.storage.tables import Sale
from tjugo.station.tariffs import debts, situations
from tjugo.station.tills import shifts, vendors
from tjugo.station.vending.batch import sell_many
from tjugo.station.vending.credit_note import credit_note, left_of
from tjugo.station.vending.note import CreditNote
from tjugo.station.vending.payment import Payment, pay
from tjugo.station.vending.purchase import Purchase, Tender
from tjugo.station.vending.seller import Seller
from tjugo.station.vending.shares import shares
from tjugo.station.vending.void import void

ADA = Seller("op:ada")


def sell(station, client_id, amount=1000, number=3, **more):
    more = {"actor": "op:ada", **more}
    return do(station, sell_many, [Purchase("web", client_id, drn(number), money=amount, **more)])[
        0
    ]


def note(station, client_id, amount=None, to="credit", of="a", seller=ADA, client="web"):
    asked = CreditNote("web", client_id, client, of, seller, "did not work", amount, to)
    return do(station, credit_note, asked)


def customer(station, *owed):
    account = do(station, add_customer, "Ada")
    do(station, link_meter, drn(3), account)
    for amount in owed:
        do(station, debts.open_debt, account, "old bill", amount, rate=5000)
    return account


def month(station):
    return see(station, situations.situations, [drn(3)], station.clock())[drn(3)].month_tenths


def energy(station):
    found = see(station, balances.trial_balance)
    return sum(row.amount for row in found if row.account == "energy")


def right(station):
    assert see(station, verify.verify) == []
    assert see(station, chain.verify)[1] == []


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=9), st.data())
def test_shares_sum_to_the_amount_and_leave_nothing_below_0(rest, data):
    total = sum(rest)
    if not total:
        return
    amount = data.draw(st.integers(0, total))
    found = shares(rest, amount)
    assert sum(found) == amount
    assert all(0 <= part <= whole for part, whole in zip(found, rest, strict=True))


def test_a_part_and_then_the_rest(station):
    account = customer(station, 300)
    sell(station, "a")
    assert energy(station) == -700
    assert month(station) == 350  # 300 of the 1000 went to the debt
    first = note(station, "n1", 333)
    assert sum(line.amount for line in first.receipt.lines) == 333
    assert (first.receipt.number, first.receipt.credits) == (2, "main 1")
    assert note(station, "n1", 333) == first  # a repeat
    assert see(station, balances.balance, "customer_credit", account) == -333
    with pytest.raises(Conflict, match=r"only 6\.67"):
        note(station, "n2", 668)
    note(station, "n3", None, "cash")
    assert month(station) == 0
    assert see(station, balances.balance, "cash") == 1000 - 667
    assert see(station, balances.balance, "debt", f"{account}/1") == 300
    assert energy(station) == 0
    with pytest.raises(Conflict, match="Nothing is left"):
        note(station, "n4", 1)
    printed = render.text(see(station, receipts.find, "web", "n1").receipt, 48)
    assert "CREDIT NOTE" in printed and "main 1" in printed
    right(station)


def test_a_sale_of_an_earlier_month_leaves_its_month(station):
    customer(station)
    sell(station, "a")
    station.clock.forward(days=20)
    sell(station, "b", 500)
    assert month(station) == 250
    note(station, "n")
    assert month(station) == 250
    right(station)


def test_refused_credit_notes(station):
    do(station, vendors.ensure_default)
    sell(station, "a")
    with pytest.raises(Conflict, match="no customer"):
        note(station, "n")
    with pytest.raises(TjugoError, match="more than 0"):
        note(station, "n", -1, "cash")
    with pytest.raises(TjugoError, match="no sale with the id"):
        note(station, "n", of="x")
    sell(station, "b", disclosed=False)
    with pytest.raises(Conflict, match="can be voided"):
        note(station, "n", None, "cash", of="b")
    do(station, void, "web", "b", "wrong")
    with pytest.raises(Conflict, match="void"):
        note(station, "n", None, "cash", of="b")
    shift = do(station, shifts.open_shift, "op:ada", "main", 100)
    with pytest.raises(Conflict, match="holds less"):
        note(station, "n", 200, "cash", seller=Seller("op:ada", shift_no=shift))
    note(station, "n", 100, "cash", seller=Seller("op:ada", shift_no=shift))
    with pytest.raises(Conflict, match="used before"):
        note(station, "n", 99, "cash", seller=Seller("op:ada", shift_no=shift))
    right(station)


def test_payments_to_a_debt_and_to_the_credit(station):
    account = customer(station, 300)
    done = do(station, pay, Payment("web", "p", account, 200, ADA, 1, (Tender("cash", 500),)))
    assert (done.receipt.kind, done.receipt.change) == ("payment", 300)
    assert done.receipt.lines[0].balance == 100
    assert see(station, balances.balance, "cash") == 200
    with pytest.raises(TjugoError, match=r"only 1\.00"):
        do(station, pay, Payment("web", "q", account, 101, ADA, 1))
    do(station, pay, Payment("web", "r", account, 1000, ADA, None, (Tender("card", 1000, "x"),)))
    spent = (Tender("account", 100),)
    do(station, pay, Payment("web", "s", account, 100, ADA, 1, spent))
    assert see(station, balances.balance, "debt", f"{account}/1") == 0
    assert see(station, balances.balance, "customer_credit", account) == -900
    for wrong in (
        Payment("web", "t", account, 100, ADA, None, spent),
        Payment("web", "t", account, 901, ADA, 1, (Tender("account", 901),)),
        Payment("web", "t", account, 0, ADA),
        Payment("web", "t", "nobody", 5, ADA),
        Payment("web", "t", account, 100, ADA, None, (Tender("card", 101),)),
        Payment("web", "t", account, 100, ADA, None, (Tender("cash", 99),)),
        Payment("web", "t", account, 100, Seller("op:ada", "nowhere")),
        Payment("web", "t", account, 100, Seller("op:ada", sale_limit=99)),
        Payment("web", "t", account, 100, Seller("op:ada", day_limit=1)),
    ):
        with pytest.raises(TjugoError):
            do(station, pay, wrong)
    for seller, sentence in (
        (Seller("op:ada", sale_limit=99), "more than you may take at once: 0.99 "),
        (Seller("op:ada", day_limit=1), "your limit for today, 0.01 "),
    ):
        with pytest.raises(TjugoError) as caught:
            do(station, pay, Payment("web", "t", account, 100, seller))
        assert sentence + see(station, lambda view: view.tenant.currency) in caught.value.message
    right(station)


Steps = st.one_of(
    st.tuples(st.just("sell"), st.integers(1, 3000), st.booleans()),
    st.tuples(st.just("void"), st.integers(0, 9)),
    st.tuples(st.just("note"), st.integers(0, 9), st.integers(1, 2000) | st.none(), st.booleans()),
    st.tuples(st.just("pay"), st.integers(1, 500), st.booleans()),
    st.tuples(st.just("days"), st.integers(1, 20)),
)


class Player:
    """Carries out steps; what is refused changes nothing. cash, credit: as they should be."""

    def __init__(self, station):
        self.station, self.number = station, count()
        self.account = customer(station, 5000)
        self.sold: list[str] = []
        self.cash = self.credit = 0

    def play(self, step):
        try:
            getattr(self, step[0])(f"x{next(self.number)}", *step[1:])
        except TjugoError:
            pass

    def sell(self, name, amount, disclosed):
        done = sell(self.station, name, amount, disclosed=disclosed)
        if not isinstance(done, TjugoError) and hasattr(done, "receipt"):
            self.sold.append(name)
            self.cash += done.receipt.paid() - done.receipt.change

    def void(self, name, which):
        if self.sold:
            sale = self.sold[which % len(self.sold)]
            with self.station.view() as view:
                before = view.session.get(Sale, (view.tenant_id, "web", sale)).voided_at
            done = do(self.station, void, "web", sale, "test")
            self.cash -= done.tendered - done.change if before is None else 0

    def note(self, name, which, amount, cash):
        if self.sold:
            of, way = self.sold[which % len(self.sold)], "cash" if cash else "credit"
            paid = note(self.station, name, amount, way, of).receipt.paid()
            self.cash -= paid if cash else 0
            self.credit += 0 if cash else paid

    def pay(self, name, amount, debt):
        asked = Payment("web", name, self.account, amount, ADA, 1 if debt else None)
        do(self.station, pay, asked)
        self.cash += amount
        self.credit += 0 if debt else amount

    def days(self, name, number):
        self.station.clock.forward(days=number)


def test_any_sequence_keeps_the_books_right(station):
    player = Player(station)

    @settings(
        max_examples=examples(6), deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    @given(st.lists(Steps, min_size=3, max_size=12))
    def run(steps):
        for step in steps:
            player.play(step)
        assert see(station, verify.verify) == []
        assert see(station, balances.balance, "cash") == player.cash
        assert see(station, balances.balance, "customer_credit", player.account) == -player.credit
        with station.view() as view:
            rows = [view.session.get(Sale, (view.tenant_id, "web", name)) for name in player.sold]
            assert all(left_of(view, row) >= 0 for row in rows)

    run()
    right(station)
