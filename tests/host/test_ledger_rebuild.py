"""Every derived row follows from entries, sales and tokens: wiped, it is made again the same."""

from decimal import Decimal
from itertools import count

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, text
from station_kit import do, drn, see

from tjugo.errors import TjugoError
from tjugo.key_register import VendingKey
from tjugo.paths import VENDING_KEYS
from tjugo.station import clock
from tjugo.station.health import books
from tjugo.station.keys import service, store, use
from tjugo.station.registry.customers import add_customer, link_meter
from tjugo.station.registry.meters import known_meter
from tjugo.station.storage.tables import Balance, ChargePaid, DayTotal, KeyUse, MeterMonth
from tjugo.station.tariffs import assignment, versions
from tjugo.station.tariffs.model import Flat, MonthlyCharge, TariffRules
from tjugo.station.vending import asked, change_steps
from tjugo.station.vending.batch import sell_many
from tjugo.station.vending.credit import add_credit
from tjugo.station.vending.credit_note import credit_note
from tjugo.station.vending.money_only import Seller
from tjugo.station.vending.note import CreditNote
from tjugo.station.vending.purchase import Purchase
from tjugo.station.vending.void import void

TABLES = (Balance, DayTotal, MeterMonth, ChargePaid, KeyUse)
METERS = {0: drn(1), 1: drn(2)}
RULES = {
    "plain": TariffRules(
        "EUR",
        Flat(Decimal("0.20")),
        charges=(MonthlyCharge("line", "Line", 120, "2026-08", months_at_most=2),),
        free_tenths_per_month=300,
        free_with_sale=False,
    ),
    "dear": TariffRules(
        "EUR",
        Flat(Decimal("0.30")),
        charges=(
            MonthlyCharge("line", "Line", 150, "2027-02"),
            MonthlyCharge("pole", "Pole", 30, "2026-11"),
        ),
    ),
}

Meter = st.sampled_from(sorted(METERS))
Steps = st.one_of(
    st.tuples(st.just("sell"), Meter, st.integers(50, 5000), st.booleans()),
    st.tuples(st.just("free"), Meter),
    st.tuples(st.just("void"), st.integers(0, 9)),
    st.tuples(st.just("note"), st.integers(0, 9), st.integers(1, 2000) | st.none()),
    st.tuples(st.just("tariff"), Meter, st.sampled_from(sorted(RULES))),
    st.tuples(st.just("key_change"), Meter, st.integers(1, 2)),
    st.tuples(st.just("confirm"), Meter),
    st.tuples(st.just("replace"), Meter, st.integers(1, 900)),
    st.tuples(st.just("days"), st.integers(1, 25)),
)


class Player:
    """Carries out steps on a station; what is refused changes nothing."""

    def __init__(self, station):
        self.station, self.number = station, count()
        self.sold: list[str] = []
        path = station.state_dir / VENDING_KEYS
        key = service.soft(station).data_key()
        store.add_keys(path, [VendingKey(sgc=123457, krn=2, vk="22" * 20)], key)
        account = do(station, add_customer, "Ada")
        for meter in METERS.values():
            do(station, link_meter, meter, account)
        for name, rules in RULES.items():
            number = do(station, versions.propose, name, rules, name=name)
            with station.work("op:ben") as work:
                versions.approve(work, name, number)
        do(station, assignment.set_default, "plain")

    def play(self, step):
        try:
            getattr(self, step[0])(f"x{next(self.number)}", *step[1:])
        except TjugoError:
            pass

    def _sell(self, name, meter, **more):
        given = Purchase("web", name, METERS[meter], actor="op:ada", **more)
        (done,) = do(self.station, sell_many, [given])
        if hasattr(done, "receipt"):
            self.sold.append(name)

    def sell(self, name, meter, amount, disclosed):
        self._sell(name, meter, money=amount, disclosed=disclosed)

    def free(self, name, meter):
        self._sell(name, meter, kind="free")

    def void(self, name, which):
        if self.sold:
            do(self.station, void, "web", self.sold[which % len(self.sold)], "test")

    def note(self, name, which, amount):
        if self.sold:
            of = self.sold[which % len(self.sold)]
            given = ("web", name, "web", of, Seller("op:ada"), "test", amount)
            do(self.station, credit_note, CreditNote(*given))

    def tariff(self, name, meter, tariff):
        do(self.station, assignment.assign, METERS[meter], tariff)

    def key_change(self, name, meter, krn):
        do(self.station, change_steps.plan, [METERS[meter]], {"krn": krn})

    def confirm(self, name, meter):
        do(self.station, change_steps.confirm, METERS[meter], "test")

    def replace(self, name, meter, tenths):
        with self.station.work("op:ada") as work:
            row = asked.recorded(work, "test", name, METERS[meter], {"kind": "replacement"})
            add_credit(work, row, known_meter(work, METERS[meter], lock=True), tenths)

    def days(self, name, number):
        self.station.clock.forward(days=number)
        do(self.station, clock.confirm)


def derived(station):
    """Return the rows of every derived table."""
    with station.view() as view:
        return {
            table.__tablename__: sorted(
                view.session.execute(select(*table.__table__.columns)).all()
            )
            for table in TABLES
        }


def wipe(station):
    with station.work("test") as work:
        for table in TABLES:
            work.session.execute(delete(table))


ONE_OF_EACH = [
    ("sell", 0, 2000, True),
    ("free", 0),
    ("days", 25),
    ("days", 20),
    ("sell", 0, 3000, False),
    ("void", 2),
    ("tariff", 0, "dear"),
    ("key_change", 0, 2),
    ("sell", 0, 4000, True),
    ("confirm", 0),
    ("note", 0, 100),
    ("note", 0, None),
    ("replace", 0, 500),
    ("days", 25),
    ("days", 25),
    ("sell", 0, 5000, True),
    ("note", 3, None),
    ("sell", 1, 2500, False),
    ("void", 5),
]


def test_what_is_wiped_is_made_again_the_same(station):
    player = Player(station)

    # The station is not new for each example: what holds must hold after any other one.
    @settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(Steps, min_size=4, max_size=12))
    @example(ONE_OF_EACH)
    def run(steps):
        for step in steps:
            player.play(step)
        assert see(station, books.verify) == []
        before = derived(station)
        wipe(station)
        assert bool(see(station, books.verify)) is any(before.values())
        do(station, books.rebuild)
        assert derived(station) == before

    run()
    found = derived(station)
    assert all(found.values())
    assert {row.krn for row in found["key_use"]} == {1, 2}
    assert {row.charge for row in found["charge_paid"]} == {"line", "pole"}


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (
            "UPDATE charge_paid SET month = '2027-01'",
            "is paid until 2027-01, but it",
        ),
        ("DELETE FROM charge_paid", "is paid until never, but"),
        ("UPDATE key_use SET tenths = tenths - 1", "The use of vending key 123457 1 2 is"),
        ("DELETE FROM meter_month", "The month of meter"),
    ],
)
def test_a_wrong_derived_row_is_found(station, damage, sentence):
    player = Player(station)
    player.play(("sell", 0, 2000, True))
    with station.work("test") as work:
        work.session.execute(text(damage))
    (wrong,) = see(station, books.verify)
    assert sentence in wrong
    do(station, books.rebuild)
    assert see(station, books.verify) == []


def test_a_replacement_counts_for_the_limit_of_its_key(station):
    player = Player(station)
    player.play(("replace", 0, 700))
    assert see(station, use.used) == {(123457, 1, 2): 700}
