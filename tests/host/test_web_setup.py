"""The page that sets a station up."""

from decimal import Decimal

import pytest
from people_kit import HTML, client, log_in, post
from station_kit import do, drn, see

from tjugo.station.audit import chain
from tjugo.station.operators import people
from tjugo.station.registry.meters import NewMeter, add_meter
from tjugo.station.setup import utility as utilities
from tjugo.station.setup.service import set_up
from tjugo.station.storage.tables import TariffVersion
from tjugo.station.tariffs import versions
from tjugo.station.tariffs.model import Flat, TariffRules
from tjugo.station.tills import shifts, vendors
from tjugo.station.vending.vend import sell

PASSWORD = "correct horse battery"
FORM = {
    "name": "Gulu Power",
    "address": "1 Main Street\r\nGulu",
    "tax_no": "0012345",
    "time_zone": "Africa/Kampala",
    "language": "en",
    "person": "Ada Obi",
    "login": "ada",
    "password": PASSWORD,
    "again": PASSWORD,
}


@pytest.fixture
def station(tmp_path):
    with set_up(tmp_path / "state") as made:
        yield made


@pytest.fixture
def web(station):
    with client(station) as made:
        yield made


def facts(station):
    with station.view() as view:
        return utilities.of(view), [one.operator for one in people.operators(view)]


def test_it_turns_log_in_on(web, station):
    assert '<form method="post" action="/setup"' in web.get("/setup", headers=HTML).text
    answer = web.post("/setup", data=FORM)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    utility, operators = facts(station)
    assert (utility.name, utility.address) == ("Gulu Power", "1 Main Street\nGulu")
    assert (utility.time_zone, utility.currency, operators) == ("Africa/Kampala", "EUR", ["ada"])
    # From now on it needs a log-in, and is not done twice.
    assert web.post("/setup", data={**FORM, "login": "eve"}).status_code == 401
    entered = web.post("/login", data={"operator": "ada", "password": PASSWORD})
    assert entered.status_code == 303
    assert "This station is set up" in web.get("/setup", headers=HTML).text
    assert facts(station)[1] == ["ada"]


def test_the_language_is_one_that_receipts_have(web, station):
    page = web.post("/setup", data={**FORM, "language": "it"}, headers=HTML)
    assert page.status_code == 400
    assert "write one of de, en, es, fr, pt, sw" in page.text
    assert facts(station)[1] == []


PRICED = {**FORM, "currency": "ugx", "price": "775.70"}


def test_currency_and_first_price_are_chosen_and_the_first_sale_has_them(web, station):
    do(station, add_meter, NewMeter(drn(1)))
    page = web.get("/setup", headers=HTML).text
    assert 'name="currency" maxlength="200" value="EUR"' in page
    assert 'name="price" maxlength="200" value="0.20"' in page
    assert "PostgreSQL is chosen at the command line" in page
    assert web.get("/tariffs").status_code == 200  # a page with amounts, before it is changed
    assert web.post("/setup", data=PRICED).headers["location"] == "/login"
    assert facts(station)[0].currency == "UGX" == station.currency
    assert log_in(web, "ada", PASSWORD).status_code == 303
    assert post(web, "/till", outlet="main", float="0").status_code == 303
    sold = web.put("/api/v1/vends/first", json={"drn": drn(1), "kwh": "20"}).json()
    assert sold["units_kwh"] == "20"
    assert (sold["receipt"]["currency"], sold["receipt"]["tendered"][0]["amount"]) == (
        "UGX",
        15514,
    )
    assert "UGX" in web.get("/sales", headers=HTML).text
    (version,) = see(station, lambda view: list(view.session.query(TariffVersion)))
    assert (version.state, version.made_by, version.decided_by) == ("approved", "init", "init")
    details = see(station, lambda view: [(e.action, e.detail) for e in chain.events(view)])
    assert ("tariffs.approve", "set up: 775.70 UGX per kWh, approved by init") in details
    assert see(station, chain.verify)[1] == []


def sale(station):
    sell(station, "web", "sale", drn(1), Decimal(1))


def proposal(station):
    do(station, versions.propose, "flat", TariffRules("EUR", Flat(Decimal("0.3"))))


def float_in_a_till(station):
    do(station, shifts.open_shift, "local", "main", 500)


def limit(station):
    do(station, vendors.add_vendor, "agent", "Agent", 10_000)


@pytest.mark.parametrize("amount", [sale, proposal, float_in_a_till, limit])
def test_currency_and_price_stay_once_there_are_amounts(web, station, amount):
    do(station, add_meter, NewMeter(drn(1)))
    amount(station)
    page = web.get("/setup", headers=HTML).text
    assert 'name="currency"' not in page and 'name="price"' not in page
    assert "The currency is EUR, and stays" in page
    before = facts(station)
    for other in ({"currency": "UGX"}, {"price": "0.30"}):
        refused = web.post("/setup", data={**FORM, **other}, headers=HTML)
        assert (
            refused.status_code == 409 and "The currency and the first price stay" in refused.text
        )
        assert facts(station) == before
    same = {"currency": "EUR"} if amount is proposal else {"currency": "EUR", "price": "0.20"}
    assert web.post("/setup", data={**FORM, **same}).headers["location"] == "/login"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"currency": "EURO"}, "There is no currency"),
        ({"currency": ""}, "There is no currency"),
        ({"price": ""}, "The price is missing"),
        ({"price": "free"}, "The price"),
        ({"price": "0"}, "price"),
        ({"price": "1,500"}, "could be"),
        ({"name": ""}, "The utility needs a name."),
        ({"time_zone": "Mars/One"}, "There is no time zone"),
        ({"again": "another password"}, "The two passwords differ."),
        ({"password": "short", "again": "short"}, "A password has"),
        ({"login": "A"}, "A log-in name has"),
    ],
)
def test_what_is_wrong_changes_nothing(web, station, wrong, sentence):
    before = facts(station)
    answer = web.post("/setup", data={**FORM, **wrong}, headers=HTML)
    assert 400 <= answer.status_code < 500 and sentence in answer.text
    assert PASSWORD not in answer.text and "1 Main Street" in answer.text
    assert facts(station) == before
