"""Currency meters against an independent model: no money is lost or made by rounding."""

import json
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.append(str(Path(__file__).parent / "portable"))

from currency_rig import MIDNIGHT, TARIFFS, priced
from meter_rig import FIRST_TID, KEY, Memory, meter

from meter.local.discovery import ENTITIES, Discovery
from sts_portable import results, vendor

PRICES = st.lists(st.integers(1, 0xFFFFFFFF), min_size=4, max_size=4)
DAILY = st.integers(0, 10**7)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("pulses"), st.integers(1, 3000)),
        st.tuples(st.just("token"), st.integers(-(10**9), 10**10)),
        st.tuples(st.just("hours"), st.integers(1, 60)),
        st.tuples(st.just("prices"), st.tuples(PRICES, DAILY)),
        st.tuples(st.just("clock"), st.booleans()),
        st.tuples(st.just("start"), st.none()),
    ),
    max_size=40,
)


class Model:
    """What a currency meter owes and has, in the currency unit, by the definition of each."""

    def __init__(self, constant, prices, daily):
        self._constant = constant
        self.prices, self.daily = prices, daily
        self._pulses = self._minutes = 0
        self.credit = Fraction(0)

    def wh(self):
        return self._pulses * 1000 // self._constant

    def use(self, pulses, rate):
        before = self.wh()
        self._pulses += pulses
        kwh = Fraction(self.wh() - before, 1000)
        self.credit -= kwh * Fraction(self.prices[rate - 1], 10**5)

    def take(self, digits_field):
        """Credit a token's field: sign, exponent, mantissa, of 1e-5."""
        exponent, mantissa = digits_field >> 14 & 31, digits_field & 0x3FFF
        # Each exponent continues where the one before it ends, in steps of ten times its.
        offset = sum(2**14 * 10**e for e in range(exponent))
        units = offset + mantissa * 10**exponent
        self.credit += Fraction(-units if digits_field >> 19 else units, 10**5)

    def wait(self, minutes):
        if not self.daily:
            return
        self._minutes += minutes
        self.credit -= self._minutes // 1440 * Fraction(self.daily, 10**5)
        self._minutes %= 1440


class Life:
    """A meter with tariffs, and its model."""

    def __init__(self, constant, prices, daily):
        self.constant = constant
        self.model = Model(constant, prices, daily)
        self.memory = Memory()
        self.unix = self._right = MIDNIGHT
        self._tid = FIRST_TID
        self.start()

    def start(self):
        model = self.model
        given = priced(list(model.prices), model.daily, tariffs=TARIFFS, tariff_no_time=3)
        self.meter = meter(
            self.memory, self.constant, unix=lambda: self.unix, features="core", **given
        )
        assert self.meter.settings.wrong == "" and self.meter.ledger.fault == ""

    def rate(self):
        """Return the rate of TARIFFS at the present time, 3 if it is unknown."""
        if self.unix is None:
            return 3
        return 1 if 360 <= self.unix // 60 % 1440 < 1320 else 2

    def pulses(self, count):
        self.meter.pulses(count)
        self.model.use(count, self.rate())

    def token(self, units):
        self._tid += 1
        digits = vendor.currency(KEY, 7, self._tid, units)
        assert self.meter.enter_token(digits) == results.ACCEPT
        self.model.take(self.meter.account.last_field)

    def hours(self, count):
        self._right += 3600 * count
        if self.unix is not None:
            self.unix = self._right
        self.meter.elapsed(3600000 * count, 3600000 * count)
        self.model.wait(60 * count)

    def prices(self, new):
        self.keep()
        self.model.prices, self.model.daily = new
        self.start()

    def clock(self, known):
        self.unix = self._right if known else None
        self.meter.clock_set(0xFFFF)
        self.meter.elapsed(20, 20)

    def start_again(self, _):
        self.keep()
        self.start()

    def keep(self):
        """Have all that was counted in the ledger: what a power failure loses is not the point."""
        self.meter.changed()
        self.meter.elapsed(0, 0)


@pytest.mark.parametrize("constant", [333, 1000, 1600, 3200])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS, prices=PRICES, daily=DAILY)
def test_credit_is_what_was_paid_less_each_wh_at_its_price(constant, steps, prices, daily):
    life = Life(constant, prices, daily)
    actions = {
        "pulses": life.pulses,
        "token": life.token,
        "hours": life.hours,
        "prices": life.prices,
        "clock": life.clock,
        "start": life.start_again,
    }
    for name, value in steps:
        actions[name](value)
        account = life.meter.account
        assert account.energy_wh == life.model.wh()
        assert Fraction(account.credit, 10**8) == life.model.credit, (name, value)
        tariffs = life.meter.tariffs
        if tariffs.known():  # it has looked at the clock since the start
            assert sum(tariffs.energy_wh(rate) for rate in (1, 2, 3, 4)) == account.energy_wh


@given(
    credit=st.integers(1, 10**12),
    price=st.integers(1, 10**7),
    constant=st.sampled_from([800, 1000, 3200]),
)
@settings(max_examples=60, deadline=None)
def test_the_supply_ends_in_the_wh_that_the_credit_does_not_pay(credit, price, constant):
    account = meter(Memory(), constant, features="core", **priced([price])).account
    account.credit = min(credit, 3000 * price)
    while account.pulses_left():
        assert account.credit > 0
        account.count(account.pulses_left())
    most = -(-1000 // constant)  # Wh that a pulse may complete
    assert -most * price < account.credit <= 0


def test_home_assistant_gets_money():
    device = meter(features="core", **priced([2500000], currency="EUR"))
    device.enter_token(vendor.currency(KEY, 7, FIRST_TID, 150))
    device.pulses(1)
    found = Discovery(device, {"prefix": "homeassistant", "name": ""})
    assert json.loads(found.state(None))["credit"] == -0.0235
    configs = [json.loads(found.entity(number)[1]) for number in range(len(ENTITIES))]
    (credit,) = [one for one in configs if one["name"] == "Credit"]
    assert (credit["device_class"], credit["unit_of_measurement"]) == ("monetary", "EUR")
    assert "state_class" not in credit
    assert [one["unit_of_measurement"] for one in configs if one["name"] == "Total"] == ["kWh"]
