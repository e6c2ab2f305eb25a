"""Whatever is posted in whatever order, the ledger balances and every figure is the sum of its
postings."""

from collections import Counter, defaultdict
from datetime import date

import pytest
from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from station_kit import do, see

from tjugo.errors import TjugoError
from tjugo.station.ledger import balances, credit, verify
from tjugo.station.ledger.accounts import ACCOUNTS, MEANS
from tjugo.station.ledger.post import Entry, post
from tjugo.station.storage.tables import Balance, DayTotal, LedgerEntry, Posting
from tjugo.station.tills import banking_views, batches, cash_up, commission, shifts, vendors, views

FIRST, LAST = date(2000, 1, 1), date(2100, 1, 1)
OPERATORS = {"op:ada": ("main", "main"), "op:eve": ("kiosk", "agent")}
AMOUNTS = st.integers(-(10**6), 10**6)

Operator = st.sampled_from(sorted(OPERATORS))
Rows = st.lists(
    st.tuples(st.sampled_from(sorted(ACCOUNTS)), st.sampled_from(["a", "C1/1", "7"]), AMOUNTS),
    max_size=4,
)
Steps = st.one_of(
    st.tuples(st.just("entry"), Rows, st.booleans()),
    st.tuples(st.just("sell"), Operator, st.sampled_from(MEANS), AMOUNTS),
    st.tuples(st.just("open"), Operator, st.integers(0, 5000)),
    st.tuples(st.just("cash_up"), Operator, st.integers(-50, 50)),
    st.tuples(st.just("bank"), st.sampled_from(["main", "kiosk"])),
    st.tuples(st.just("deposit"), st.integers(1, 5), st.integers(1, 2000)),
    st.tuples(st.just("pay"), st.integers(1, 2000)),
    st.tuples(st.just("reverse"), st.integers(1, 8)),
    st.tuples(st.just("commission"), st.integers(0, 5000)),
    st.tuples(st.just("day")),
    st.tuples(st.just("rollback"), AMOUNTS),
)


class Player:
    """Carries out steps on a station. A step that the station refuses changes nothing."""

    def __init__(self, station):
        self.station = station
        self.number = 0

    def play(self, step):
        with_number = getattr(self, step[0])
        self.number += 1
        try:
            with_number(*step[1:])
        except TjugoError:
            pass

    def entry(self, rows, at_main):
        rest = -sum(amount for _, _, amount in rows)
        entry = Entry(
            *("adjustment", str(self.number), (*rows, ("opening", "", rest))),
            outlet="main" if at_main else None,
        )
        if any(amount for _, _, amount in entry.postings):
            do(self.station, post, entry)

    def sell(self, operator, means, amount):
        outlet, vendor = OPERATORS[operator]
        shift = see(self.station, shifts.open_shift_of, operator)
        number = shift.shift_no if shift else None
        got = shifts.received(vendor, number, [(means, amount)])
        kind = "sale" if amount > 0 else "credit_note"
        rows = (*got, ("energy", "dom", -amount + 1), ("vat", "VAT", -1))
        do(self.station, post, Entry(kind, f"web/{self.number}", rows, outlet, number))

    def open(self, operator, amount):
        do(self.station, shifts.open_shift, operator, OPERATORS[operator][0], amount)

    def cash_up(self, operator, difference):
        shift = see(self.station, shifts.open_shift_of, operator)
        if shift is not None:
            found = see(self.station, cash_up.counts, shift.shift_no)
            counted = {c.means: max(0, c.expected + difference) for c in found}
            do(self.station, cash_up.cash_up, shift.shift_no, counted)

    def bank(self, outlet):
        do(self.station, batches.close_batch, outlet)

    def deposit(self, batch, amount):
        new = batches.NewDeposit(amount, f"slip {self.number}")
        do(self.station, batches.deposit_batch, batch, new)

    def pay(self, amount):
        new = batches.NewDeposit(amount, f"slip {self.number % 7}")
        do(self.station, batches.deposit_vendor, "agent", new)

    def reverse(self, number):
        do(self.station, batches.reverse_deposit, number, "wrong")

    def commission(self, rate):
        do(self.station, commission.post_due)
        do(self.station, vendors.edit_vendor, "agent", commission=rate)

    def day(self):
        self.station.clock.forward(days=1)

    def rollback(self, amount):
        with pytest.raises(ZeroDivisionError), self.station.work("test") as work:
            post(
                work, Entry("sale", "gone", (("cash", "", amount + 1), ("card", "", -amount - 1)))
            )
            work.finish()
            raise ZeroDivisionError


def postings(station):
    query = select(
        *(Posting.account, Posting.party, Posting.amount, LedgerEntry.entry_no, LedgerEntry.kind),
        *(LedgerEntry.day, LedgerEntry.outlet),
    ).join(LedgerEntry, LedgerEntry.entry_no == Posting.entry_no)
    return see(station, lambda view: view.session.execute(query).all())


def whole(station, table):
    columns = list(table.__table__.columns)
    return see(station, lambda view: sorted(view.session.execute(select(*columns)).all()))


def check(station):
    assert see(station, verify.verify) == []
    rows = postings(station)
    entries: Counter[int] = Counter()
    sums: Counter[tuple[str, str]] = Counter()
    totals: dict = defaultdict(lambda: [0, 0])
    for account, party, amount, entry_no, kind, day, outlet in rows:
        entries[entry_no] += amount
        sums[account, party] += amount
        total = totals[day, kind, account, party, outlet or ""]
        total[0] += amount
        total[1] += 1
    assert not any(entries.values())
    assert {(b[1], b[2]): b[3] for b in whole(station, Balance)} == dict(sums)
    assert {d[1:6]: [*d[6:]] for d in whole(station, DayTotal)} == dict(totals)
    for (account, party), amount in sums.items():
        found = see(station, balances.statement, account, party, FIRST, LAST)
        assert found.closing == amount == found.opening + sum(x.amount for x in found.lines)
        assert see(station, balances.balance, account, party) == amount
    assert sum(row.amount for row in see(station, balances.trial_balance)) == 0
    for shift in see(station, views.shifts, limit=500).items:
        takings = see(station, views.shift_report, shift.shift_no, "op:reader").takings
        for side in (takings.means, takings.kinds, takings.resources):
            assert sum(row.amount for row in side) == takings.total
    for batch in see(station, banking_views.batch_list, limit=500).items:
        assert all(
            row.amount >= 0
            for row in see(station, banking_views.batch_report, batch.batch_no).left
        )
    (owed,) = see(station, credit.owed_by, ["agent"]).values()
    tills = [
        str(s.shift_no)
        for s in see(station, views.shifts, limit=500).items
        if s.outlet == "kiosk" and s.closed_at is None
    ]
    held = sum(sums[means, till] for means in MEANS for till in tills)
    assert owed == sums["vendor", "agent"] + held


def test_every_figure_is_the_sum_of_its_postings(station):
    do(station, vendors.ensure_default)
    do(station, vendors.add_vendor, "agent", "Agent", 10**6, 250)
    do(station, vendors.add_outlet, "kiosk", "agent", "Kiosk")
    player = Player(station)

    for step in (
        ("open", "op:ada", 100),
        ("sell", "op:ada", "cash", 900),
        ("cash_up", "op:ada", 5),
    ):
        player.play(step)

    # The station is not new for each example: what holds must hold after any other one.
    @settings(
        max_examples=examples(6),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(st.lists(Steps, min_size=4, max_size=20))
    def run(steps):
        for step in steps:
            player.play(step)
        check(station)
        before = whole(station, Balance), whole(station, DayTotal)
        do(station, verify.rebuild)
        assert (whole(station, Balance), whole(station, DayTotal)) == before

    run()
    assert {row[4] for row in postings(station)} >= {"sale", "shift_open", "cash_up"}
