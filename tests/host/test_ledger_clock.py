"""Nothing is posted, and no receipt numbered, while the clock is not plausible."""

import pytest
from station_kit import do, see
from test_vending_credit_note import ADA, customer, note, right, sell

from tjugo.errors import Unavailable
from tjugo.station import clock
from tjugo.station.ledger import verify
from tjugo.station.ledger.post import Entry, post
from tjugo.station.storage.tables import Counter
from tjugo.station.tariffs import debts
from tjugo.station.tills import batches, cash_up, shifts, vendors
from tjugo.station.tills.batches import NewDeposit
from tjugo.station.vending.payment import Payment, pay
from tjugo.station.vending.seller import Seller
from tjugo.station.vending.void import void

AGENT = "agent"


@pytest.fixture
def busy(station):
    """Return a station with something to be done of each kind: two shifts, of which one is open, a
    batch, deposits, a debt, and a sale that was shown to nobody."""
    do(station, vendors.ensure_default)
    do(station, vendors.add_vendor, AGENT, "Agent Ltd")
    customer(station, 900)
    closed = do(station, shifts.open_shift, "op:ben", "main", 0)
    sell(station, "a", 1000, 1, shift_no=closed)
    do(station, cash_up.cash_up, closed, {"cash": 1000})
    batch = do(station, batches.close_batch, "main")
    do(station, batches.deposit_batch, batch, NewDeposit(10, "Q 1"))
    shift = do(station, shifts.open_shift, "op:ada", "main", 0)
    do(station, pay, Payment("web", "p", "C00001", 700, Seller("op:ada", shift_no=shift)))
    sell(station, "v", 1000, 2, disclosed=False)
    return station


POSTS = {
    "a payment": lambda s: do(s, pay, Payment("web", "q", "C00001", 100, ADA, 1)),
    "a credit note": lambda s: note(s, "n", 100, "cash"),
    "a credit note of a payment": lambda s: note(s, "n", None, None, "p"),
    "a void": lambda s: do(s, void, "web", "v", "wrong"),
    "a shift without float": lambda s: do(s, shifts.open_shift, "op:eve", "main", 0),
    "a cash-up": lambda s: do(s, cash_up.cash_up, 2, {"cash": 700}),
    "a batch": lambda s: do(s, batches.close_batch, "main"),
    "a deposit": lambda s: do(s, batches.deposit_batch, 1, NewDeposit(10, "Q 2")),
    "a vendor's deposit": lambda s: do(s, batches.deposit_vendor, AGENT, NewDeposit(1, "A")),
    "a reversal": lambda s: do(s, batches.reverse_deposit, 1, "wrong"),
    "a debt": lambda s: do(s, debts.open_debt, "C00001", "loan", 100),
    "a write-off": lambda s: do(s, debts.write_off, "C00001", 1, "gone"),
    "an entry": lambda s: do(s, post, Entry("x", "1", (("cash", "", 1), ("energy", "d", -1)))),
}


@pytest.mark.parametrize("what", POSTS)
def test_a_clock_that_is_set_back_posts_nothing(busy, what):
    def counted():
        with busy.view() as view:
            return {row.name: row.value for row in view.session.query(Counter)}

    before = counted()
    busy.clock.forward(days=-1)
    with pytest.raises(Unavailable, match="has been 2026-11-22") as caught:
        POSTS[what](busy)
    assert caught.value.code == "clock_doubtful"
    assert "Nothing is sold or posted until" in caught.value.message
    assert counted() == before
    do(busy, clock.confirm)
    POSTS[what](busy)
    assert counted() != before
    assert see(busy, verify.verify) == []


def test_a_repeated_payment_is_answered_whatever_the_clock(busy):
    asked = Payment("web", "p", "C00001", 700, Seller("op:ada", shift_no=2))
    first = do(busy, pay, asked)
    busy.clock.forward(days=90)
    assert do(busy, pay, asked) == first
    with pytest.raises(Unavailable, match="days after it was last seen"):
        POSTS["a payment"](busy)
    assert isinstance(sell(busy, "z"), Unavailable)
    right(busy)
