"""Look-up for selling: numbers with and without their zeros, parts of names, phones, and the words
that are kept beside the customers."""

from contextlib import contextmanager

import pytest
from sqlalchemy import delete, update
from station_kit import Clock, do, drn, new_station, see

from sts_portable import pan
from tjugo import search_words
from tjugo.station.registry import customers, find, meters, replace, search
from tjugo.station.storage.tables import Customer, SearchWord


@pytest.fixture(scope="module")
def station(tmp_path_factory):
    """Return a station that is only looked at."""
    with made(tmp_path_factory.mktemp("find")) as station:
        yield station


@pytest.fixture
def own(tmp_path, database):
    """Return a station of one test, on either database."""
    with made(tmp_path, database()) as station:
        yield station


@contextmanager
def made(folder, url=None):
    with new_station(folder / "state", Clock(), url) as station:
        do(
            station,
            customers.add_customer,
            "José Ñandú O'Brien",
            phone="+256 (0)772 123 456",
            address="12 Kampala Road",
            id_no="CM-0012345",
            email="jose@example.org",
        )
        do(station, customers.link_meter, drn(1), "C00001", "Plot 3, Łódź street")
        do(station, customers.add_customer, "Kampala Stores", phone="0414 555 666")
        do(station, customers.link_meter, drn(2), "C00002")
        do(station, customers.add_customer, "Ada José", account_no="00012")
        yield station


def found(station, text, **more):
    return [
        (row.drn, row.account_no, row.matched) for row in see(station, find.find, text, **more)
    ]


ADA = (None, "00012", "account")
JOSE = (drn(1), "C00001")


@pytest.mark.parametrize(
    "text",
    [drn(1), drn(1).lstrip("0"), f" {drn(1)[:4]} {drn(1)[4:]}", pan.pan_from_drn(drn(1))],
)
def test_a_meter_by_its_number_as_people_write_it(station, text):
    assert found(station, text)[0] == (*JOSE, "meter")


@pytest.mark.parametrize("text", [drn(1)[:6], drn(1)[:6].lstrip("0"), "0100"])
def test_meters_by_the_beginning_of_their_number(station, text):
    assert {row[0] for row in found(station, text)} == {drn(1), drn(2), drn(3)}


@pytest.mark.parametrize("text", ["00012", "12", "0 0 0 1 2"])
def test_an_account_comes_first(station, text):
    assert found(station, text)[0] == ADA


@pytest.mark.parametrize("text", ["C00001", "c00001", "C-00001", "c0000"])
def test_an_account_by_its_letters(station, text):
    assert found(station, text)[0][1] == "C00001"


@pytest.mark.parametrize(
    "text",
    [
        *("0772123456", "772 123 456", "+256772123456", "00256 772-123456", "256772123456"),
        *("+256 (0) 772 123456", "123456"),
    ],
)
def test_a_phone_with_and_without_the_prefix(station, text):
    assert found(station, text)[0][:2] == JOSE


@pytest.mark.parametrize("text", ["+256414555666", "0414555666", "414555666"])
def test_a_phone_that_is_stored_without_the_prefix(station, text):
    assert found(station, text) == [(drn(2), "C00002", "phone")]


@pytest.mark.parametrize("text", ["CM-0012345", "cm0012345", "cm 0012345"])
def test_an_id_number(station, text):
    assert found(station, text)[0] == (*JOSE, "id_no")


@pytest.mark.parametrize(
    ("text", "matched"),
    [
        ("jose", "name"),
        ("JOSÉ", "name"),
        ("obrien nandu", "name"),
        ("o'brien", "name"),
        ("bri jos", None),
        ("obr jos", "name_part"),
        ("jose kampala", "other"),
        ("12 kampala", "other"),
        ("lodz", "other"),
        ("plot 3", "other"),
        ("example", "other"),
    ],
)
def test_a_customer_by_parts_of_the_name_and_the_address(station, text, matched):
    rows = [row for row in found(station, text) if row[1] == "C00001"]
    assert rows == ([] if matched is None else [(*JOSE, matched)])


def test_names_come_before_addresses(station):
    assert [row[1] for row in found(station, "kampala")] == ["C00002", "C00001"]
    assert [row[1] for row in found(station, "kampala", limit=1)] == ["C00002"]


@pytest.mark.parametrize("text", ["", "  ", "%", "_", "\0", "'", "zz", "9" * 300, "\U0001f600"])
def test_what_finds_nothing(station, text):
    assert found(station, text) == []


def test_a_meter_without_a_customer_and_a_customer_without_a_meter(station):
    (row,) = see(station, find.find, drn(3))
    assert (row.drn, row.status, row.name) == (drn(3), "installed", None)
    (row,) = see(station, find.find, "ada")
    assert (row.drn, row.name, row.account_no) == (None, "Ada José", "00012")


def test_who_has_two_meters_is_found_with_both(own):
    do(own, customers.link_meter, drn(3), "C00001")
    assert found(own, "nandu") == [(drn(1), "C00001", "name"), (drn(3), "C00001", "name")]


def test_what_is_found_follows_each_change(own):
    do(own, customers.update_customer, "C00001", name="Maria", phone=None)
    assert found(own, "nandu") == found(own, "772123456") == []
    assert found(own, "maria plot")[0][:2] == JOSE
    do(own, customers.link_meter, drn(1), "C00002")
    assert [row[:2] for row in found(own, "plot lodz")] == [
        (drn(1), "C00002"),
        (drn(2), "C00002"),
    ]
    assert [row[:2] for row in found(own, "maria")] == [(None, "C00001")]
    do(own, meters.set_status, drn(3), "stock")
    do(own, replace.replace_meter, drn(1), drn(3), "burnt")
    assert [row[:2] for row in found(own, "lodz")] == [(drn(2), "C00002"), (drn(3), "C00002")]
    do(own, customers.unlink_meter, drn(3))
    assert found(own, "lodz") == []
    do(own, customers.delete_customer, "00012")
    assert found(own, "ada") == []
    assert see(own, search.verify) == []


def test_names_of_other_scripts_are_found_as_written_and_in_latin(own):
    for name in ("王小明", "김민준", "Дмитрий Шостакович", "محمد علي"):
        account_no = do(own, customers.add_customer, name)
        for text in (name, " ".join(reversed(search_words.split(name)))):
            assert [row[1] for row in found(own, text)] == [account_no]


def test_words_that_are_wrong_are_found_and_rebuilt(own):
    with own.work("test") as work:
        work.session.execute(delete(SearchWord).where(SearchWord.word == "kampala"))
        work.session.execute(
            update(Customer).where(Customer.account_no == "00012").values(search="")
        )
    assert see(own, search.verify) == [
        "Account 00012 is not found by all of its words.",
        "The search has 24 words of customers, and should have the 26 of their data.",
    ]
    assert do(own, search.rebuild) == 3
    assert see(own, search.verify) == []
    assert [row[1] for row in found(own, "kampala")] == ["C00002", "C00001"]


def test_words_that_very_many_have_are_all_examined(own, monkeypatch):
    """The rarest of the words is examined up to a bound, and to the end where nothing is found."""
    monkeypatch.setattr(find, "_COMMON", 2)
    for number in range(6):
        do(own, customers.add_customer, f"Mary {'Zulu' if number == 5 else 'Abel'}")
        do(own, customers.add_customer, "Zulu Ben")
    assert [row[1] for row in found(own, "mary zulu")] == ["C00013"]


def test_the_words_of_customers_of_an_earlier_database_are_made(tmp_path):
    from test_station_db import ROWS, released

    from tjugo.station.station import Station

    released(tmp_path / "old", "0003", *ROWS)
    with Station.open(tmp_path / "old") as station:
        assert see(station, search.verify) == []
        assert found(station, "ada") == [("01000000016", "C00007", "name")]
