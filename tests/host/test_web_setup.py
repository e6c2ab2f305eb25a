"""The page that sets a station up."""

import pytest
from people_kit import HTML, client

from tjugo.station.operators import people
from tjugo.station.setup import utility as utilities
from tjugo.station.setup.service import set_up

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


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
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
