"""Payments, their credit notes and banking in any order: every balance is what the steps give."""

from collections import Counter
from itertools import count

from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from station_kit import do, see
from test_vending_credit_note import ADA, customer, note, right

from tjugo.errors import TjugoError
from tjugo.station.ledger import balances, verify
from tjugo.station.tariffs import debts
from tjugo.station.tills import batches, vendors
from tjugo.station.vending.payment import Payment, pay
from tjugo.station.vending.purchase import Tender

OWED = 5000
Means = st.sampled_from(("cash", "card", "voucher", "account"))
Steps = st.one_of(
    st.tuples(st.just("pay"), st.lists(st.tuples(Means, st.integers(1, 900)), min_size=1)),
    st.tuples(st.just("pay_debt"), st.lists(st.tuples(Means, st.integers(1, 900)), min_size=1)),
    st.tuples(st.just("note"), st.integers(0, 9)),
    st.tuples(st.just("write_off")),
    st.tuples(st.just("bank")),
)


class Player:
    """Carries out steps; what is refused changes nothing. paid: what each payment posted, by
    account; sums: what the steps added to each account."""

    def __init__(self, station, number):
        self.station, self.number = station, number
        self.account = customer(station, OWED)
        self.paid: dict[str, Counter[str]] = {}
        self.sums = Counter(debt=OWED)

    def play(self, step):
        try:
            getattr(self, step[0])(f"x{next(self.number)}", *step[1:])
        except TjugoError:
            pass

    def pay(self, name, given, debt=None):
        tenders = tuple(Tender(means, amount, name) for means, amount in given)
        amount = sum(one.amount for one in tenders)
        asked = Payment("web", name, self.account, amount, ADA, debt, tenders)
        do(self.station, pay, asked)
        taken = Counter()
        for means, part in given:
            taken["customer_credit" if means == "account" else means] += part
        taken["customer_credit" if debt is None else "debt"] -= amount
        self.paid[name] = taken
        self.sums.update(taken)

    def pay_debt(self, name, given):
        self.pay(name, given, 1)

    def note(self, name, which):
        if self.paid:
            of = sorted(self.paid)[which % len(self.paid)]
            note(self.station, name, None, None, of)
            self.sums.subtract(self.paid.pop(of))

    def write_off(self, name):
        amount = do(self.station, debts.write_off, self.account, 1, "gone")
        self.sums.update({"written_off": amount, "debt": -amount})

    def bank(self, name):
        do(self.station, batches.close_batch, "main")


def test_any_sequence_of_payments_and_credit_notes(station):
    do(station, vendors.ensure_default)
    number = count()  # an id is used once

    @settings(
        max_examples=examples(8), deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    @given(st.lists(Steps, min_size=3, max_size=14))
    def run(steps):
        before = Counter(totals(station))
        player = Player(station, number)
        for step in steps:
            player.play(step)
        assert see(station, verify.verify) == []
        found = Counter(totals(station))
        found.subtract(before)
        for name, amount in player.sums.items():
            assert found[name] == amount, name
        credit = see(station, balances.balance, "customer_credit", player.account)
        owed = see(station, balances.balance, "debt", f"{player.account}/1")
        assert credit <= 0 <= owed

    run()
    right(station)


def totals(station):
    return {row.account: row.amount for row in see(station, balances.trial_balance)}
