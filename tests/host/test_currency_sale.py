"""A sale to a currency meter, from the station's tariff to the credit in the meter: keyed in, and
by the collector; and what the station then has of that meter."""

import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from station_kit import COLLECTOR, do, drn, new_station, see
from test_answers import Man, World
from test_tariff_versions import approved

sys.path.append(str(Path(__file__).parent / "portable"))

from currency_rig import priced
from meter_rig import Memory, reading

from meter.core import Meter
from sts_portable import results
from tjugo import counted
from tjugo.commands import meter_text
from tjugo.device import provisioning
from tjugo.station.link import wire
from tjugo.station.registry import history, views
from tjugo.station.registry.meters import NewMeter, add_meter
from tjugo.station.tariffs import assignment
from tjugo.station.tariffs.model import Period, TariffRules, Tax, TimeOfUse
from tjugo.station.vending import views as sale_views
from tjugo.station.vending.batch import sell_many
from tjugo.station.vending.purchase import Purchase
from uplink import messages

MONEY = drn(7)
TOU = TariffRules(
    "EUR",
    TimeOfUse((Period("all", "All day", Decimal("0.25")),)),
    energy_tax="vat",
    taxes=(Tax("vat", "VAT", Decimal(20)),),
)
PRICES = priced([25000], currency="EUR")
CREDIT = 10**8  # 1e-8 of the currency unit


@pytest.fixture
def station(tmp_path):
    with new_station(tmp_path / "state") as opened:
        do(opened, add_meter, NewMeter(MONEY, counts="money", collector_id=COLLECTOR))
        approved(opened, "tou", TOU, "Time of use")
        do(opened, assignment.assign, MONEY, "tou")
        yield opened


class MoneyWorld(World):
    """A World whose meter counts money. more: other settings of it."""

    def __init__(self, station, number=MONEY, **more):
        self.more = more
        super().__init__(station, Man(lambda last: last), number)
        self.seconds(5)

    def restart(self):
        self.settings.update(self.more)
        super().restart()

    def sell(self, client_id):
        return sell(self.station, client_id)


def sell(station, client_id):
    purchase = Purchase("test", client_id, MONEY, money=2400, actor="op:ada")
    return do(station, sell_many, [purchase])[0]


def test_a_token_that_is_keyed_in_adds_what_was_sold(station):
    given = provisioning.meter_settings(station, MONEY)
    device = Meter({**given, "address": 1, **PRICES}, Memory())
    sale = sell(station, "a")
    assert sale.credit == Decimal("19.99624")
    assert device.enter_token(sale.digits) == results.ACCEPT
    assert device.enter_token(sale.digits) == results.USED_ERROR
    assert Decimal(device.account.credit) / CREDIT == sale.credit
    for _ in range(5):
        device.pulses(1000)  # 1 kWh
    assert Decimal(device.account.credit) / CREDIT == sale.credit - 5 * Decimal("0.25")
    energy = Meter({**given, "address": 1}, Memory())
    assert energy.enter_token(sale.digits) == results.FUNCTION_ERROR


def test_the_collector_enters_a_token_of_money_once(station):
    one = MoneyWorld(station, **PRICES)
    sale = one.sell("a")
    one.seconds(5)
    found = one.state(sale)
    assert (found.state, found.proved, found.reason) == ("accepted", True, None)
    assert found.credit_wh is None, "the credit is money"
    assert Decimal(one.meter.account.credit) / CREDIT == sale.credit
    one.restart()
    one.seconds(5)
    assert Decimal(one.meter.account.credit) / CREDIT == sale.credit


def test_the_station_has_the_credit_in_money_and_never_as_kwh(station):
    one = MoneyWorld(station, **PRICES)
    one.sell("a")
    one.seconds(5)
    one.meter.pulses(3)
    one.seconds(5)
    shown = see(station, views.find_meter, MONEY)
    assert shown.reading["credit_wh"] is None
    assert shown.reading["credit_money"] == 1999624 - 75
    assert (shown.reading["currency"], shown.reading["energy_wh"]) == ("EUR", 3)
    sheet = meter_text.sheet(shown, see(station, history.meter_history, MONEY))
    assert "credit            19.99549 EUR" in sheet


def test_the_credit_is_read_too_while_the_power_is_unknown(station):
    one = MoneyWorld(station, **PRICES)
    one.meter.sensed(reading(), False, True)
    one.sell("a")
    one.seconds(8)
    shown = see(station, views.find_meter, MONEY).reading
    assert (shown["power_w"], shown["credit_wh"]) == (None, None)
    assert (shown["credit_money"], shown["currency"]) == (1999624, "EUR")


def test_a_meter_that_counts_energy_refuses_a_token_of_money(station):
    one = MoneyWorld(station)
    sale = one.sell("a")
    one.seconds(5)
    found = one.state(sale)
    assert (found.state, found.proved) == ("refused", True)
    assert one.meter.account.credit == 0 and found.credit_wh == 0
    shown = see(station, views.find_meter, MONEY).reading
    assert (shown["credit_wh"], shown["credit_money"]) == (0, None)


def test_a_meter_with_unknown_prices_has_no_credit_to_show(station):
    one = MoneyWorld(station, **{**PRICES, "currency_crc": 1})
    shown = see(station, views.find_meter, MONEY).reading
    assert shown["online"] and shown["not_configured"]
    assert (shown["credit_wh"], shown["credit_money"], shown["currency"]) == (None,) * 3
    assert one.meter.account.credit == 0


def test_a_collector_of_earlier_firmware_reports_no_kwh_for_money():
    fields = dict.fromkeys([row[messages.NAME] for row in messages.STATE])
    fields |= {"online": True, "credit_wh": 10 * messages.NOT_ENERGY}
    assert wire._reading("c1", MONEY, fields).values["credit_wh"] is None
    fields["credit_wh"] = -20
    assert wire._reading("c1", MONEY, fields).values["credit_wh"] == -20


def test_a_proved_credit_in_money_is_not_shown_as_kwh(station):
    one = MoneyWorld(station, **PRICES)
    sale = one.sell("a")
    one.seconds(5)
    with station.view() as view:
        (row,) = view.session.query(sale_views.VendRequest)
        token = row.tokens[-1]
        assert token.delivery.credit_wh == messages.NOT_ENERGY  # as it was signed
    assert replace(one.state(sale), credit_wh=None) == one.state(sale)


@pytest.mark.parametrize(
    ("units", "text"),
    [
        (0, "0.00 EUR"),
        (1999624, "19.99624 EUR"),
        (-1, "-0.00001 EUR"),
        (10**14, "1000000000.00 EUR"),
        (150000, "1.50 EUR"),
    ],
)
def test_a_meters_credit_as_a_text(units, text):
    assert counted.reported(units, "EUR") == text
