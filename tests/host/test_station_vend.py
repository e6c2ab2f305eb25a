"""Selling: once for each client id, a TID of its own for each token, refusals kept."""

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from station_kit import COLLECTOR, Clock, drn, new_station

from sts_portable import amount, tid
from tjugo.errors import Conflict, NotFound, TjugoError
from tjugo.station.registry import customers, meters
from tjugo.station.registry import views as registry_views
from tjugo.station.station import Station
from tjugo.station.storage.tables import Token, TokenDelivery, VendRequest
from tjugo.station.vending import views as sale_views
from tjugo.station.vending.vend import parse_kwh, tenths, vend

TWENTY = Decimal(20)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def station(tmp_path, clock):
    with new_station(tmp_path / "state", clock) as opened:
        yield opened


def rows(station, table):
    with station.read() as session:
        return session.query(table).all()


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_meters_own_key_opens_the_token(station, number):
    sale = vend(station, "test", "a", drn(number), TWENTY)
    token = station.backend.verify_token(meters.config_of(station, drn(number)), sale.digits)
    assert (token.cls, token.subclass, token.tid) == (0, 0, sale.tid)
    assert amount.decode(token.value) == 200
    assert re.fullmatch(r"(\d{4} ){4}\d{4}", sale.grouped())


def test_another_meters_key_does_not_open_it(station):
    sale = vend(station, "test", "a", drn(1), TWENTY)
    assert station.backend.verify_token(meters.config_of(station, drn(3)), sale.digits) is None


def test_the_same_id_gives_the_same_sale_for_ever(station, clock):
    first = vend(station, "test", "a", drn(1), TWENTY)
    clock.forward(days=400)
    assert vend(station, "test", "a", drn(1), Decimal("20.0")) == first
    assert len(rows(station, Token)) == 1
    assert sale_views.find_sale(station, "test", "a") == first


def test_it_outlives_the_process(station, tmp_path, clock):
    first = vend(station, "test", "a", drn(1), TWENTY)
    station.close()
    with Station.open(tmp_path / "state", clock=clock) as again:
        assert vend(again, "test", "a", drn(1), TWENTY) == first


def test_two_clients_may_use_the_same_id(station):
    one = vend(station, "till-1", "a", drn(1), TWENTY)
    two = vend(station, "till-2", "a", drn(1), TWENTY)
    assert one.digits != two.digits


@pytest.mark.parametrize(("number", "kwh"), [(1, "21"), (2, "20")])
def test_an_id_is_not_used_for_something_else(station, number, kwh):
    vend(station, "test", "a", drn(1), TWENTY)
    with pytest.raises(Conflict, match="new sale needs a new id"):
        vend(station, "test", "a", drn(number), Decimal(kwh))
    assert len(rows(station, Token)) == 1


REFUSED = [
    ("01000000010", "20", TjugoError, "wrong check digit"),
    ("0100000001x", "20", TjugoError, "only decimal digits"),
    ("\udce4", "20", TjugoError, "only decimal digits"),
    (drn(9), "20", NotFound, "not registered"),
    (drn(1), "0", TjugoError, "more than 0"),
    (drn(1), "-1", TjugoError, "more than 0"),
    (drn(1), "0.05", TjugoError, "multiple of 0.1"),
    (drn(1), "1820162.5", TjugoError, "at most 1820162.4"),
]


@pytest.mark.parametrize(("number", "kwh", "kind", "words"), REFUSED)
def test_a_refusal_is_kept_and_final(station, number, kwh, kind, words):
    for _ in range(2):
        with pytest.raises(kind, match=words):
            vend(station, "test", "a", number, Decimal(kwh))
    (row,) = rows(station, VendRequest)
    assert (row.state, row.drn[:5], row.kwh) == ("failed", number[:5].replace("\udce4", "?"), kwh)
    assert rows(station, Token) == []
    assert words in sale_views.recent_requests(station)[0]["refused"]


@pytest.mark.parametrize(
    "kwh", ["NaN", "sNaN", "Infinity", "1E+999999", "1E-999999", "1." + "0" * 99]
)
def test_what_is_no_amount_is_refused_before_it_is_recorded(station, kwh):
    with pytest.raises(TjugoError, match="number of kWh"):
        vend(station, "test", "a", drn(1), Decimal(kwh))
    assert rows(station, VendRequest) == []


@pytest.mark.parametrize("client_id", ["", "a b", "x" * 65, "ä"])
def test_ids_are_plain(station, client_id):
    with pytest.raises(TjugoError, match="request id"):
        vend(station, "test", client_id, drn(1), TWENTY)


@pytest.mark.parametrize("text", ["abc", "", "1e3", "0x10", "1,500", "-3", "nan", "\u0663"])
def test_an_amount_is_written_plainly(text):
    with pytest.raises(TjugoError, match=r"^The amount .*: write "):
        parse_kwh(text)


def test_amounts_are_exact():
    assert tenths(parse_kwh(" 7.50 ")) == 75
    assert tenths(Decimal("1820162.4")) == amount.MAX_TENTHS


def test_a_large_amount_is_rounded_up_and_said(station):
    sale = vend(station, "test", "a", drn(1), Decimal(2000))
    assert (sale.kwh, sale.units_kwh) == (2000, Decimal("2000.4"))


def test_tids_go_up_within_a_minute_and_skip_the_reserved_one(station, clock):
    clock.now = datetime(2026, 11, 22, 23, 59, 30, tzinfo=UTC)
    sales = [vend(station, "test", f"s{i}", drn(1), TWENTY) for i in range(5)]
    first = sales[0].tid
    assert tid.civil("14", first) == (2026, 11, 22, 23, 59)
    assert [sale.tid - first for sale in sales] == [0, 1, 3, 4, 5]
    assert tid.is_reserved(first + 2)


def test_tids_never_repeat_when_the_clock_goes_back(station, clock):
    first = vend(station, "test", "a", drn(1), TWENTY)
    clock.forward(days=-30)
    assert vend(station, "test", "b", drn(1), TWENTY).tid == first.tid + 1
    assert vend(station, "test", "c", drn(2), TWENTY).tid < first.tid


@pytest.mark.parametrize("year", [1970, 2046])
def test_a_clock_outside_the_base_date_sells_nothing(station, clock, year):
    clock.now = datetime(year, 1, 1, tzinfo=UTC)
    with pytest.raises(TjugoError, match=f"clock says {year}-01-01"):
        vend(station, "test", "a", drn(1), TWENTY)
    assert rows(station, Token) == []


def test_an_expired_key_sells_nothing(station):
    meters.add_meter(station, meters.NewMeter(drn(4), ken=85))
    with pytest.raises(TjugoError, match=r"has expired \(KEN 85\)"):
        vend(station, "test", "a", drn(4), TWENTY)


def test_a_missing_vending_key_is_named(station):
    meters.add_meter(station, meters.NewMeter(drn(4), sgc="999999"))
    with pytest.raises(TjugoError, match="no vending key for SGC 999999"):
        vend(station, "test", "a", drn(4), TWENTY)


def test_a_vending_key_of_another_kind_is_not_used(station):
    meters.add_meter(station, meters.NewMeter(drn(4), sgc="123456", dkga="04"))
    with pytest.raises(TjugoError, match=f"for DKGA 02, base date 14; meter {drn(4)} has 04, 14"):
        vend(station, "test", "a", drn(4), TWENTY)


def test_the_base_date_that_ran_out_sells_nothing(station):
    meters.add_meter(station, meters.NewMeter(drn(4), bdt="93"))
    with pytest.raises(TjugoError, match="base date 93 reaches from 1993 to 2024-11-24"):
        vend(station, "test", "a", drn(4), TWENTY)


@pytest.mark.parametrize("status", ["stock", "blocked", "removed"])
def test_only_installed_meters_are_sold_for(station, status):
    meters.set_status(station, drn(1), status)
    with pytest.raises(Conflict, match=status):
        vend(station, "test", "a", drn(1), TWENTY)


def test_a_delivery_exists_where_a_collector_serves(station):
    sale = vend(station, "test", "a", drn(1), TWENTY)
    keyed = vend(station, "test", "b", drn(3), TWENTY)
    (row,) = rows(station, TokenDelivery)
    assert (row.ref, row.collector_id, row.state) == (sale.delivery.ref, COLLECTOR, "issued")
    assert 1 <= row.ref <= 0xFFFFFFFF
    assert keyed.delivery.ref is None
    assert sale_views.sale_json(keyed)["delivery"]["channel"] == "keyed"


def test_a_delivery_reference_is_not_given_twice(station):
    numbers = iter([3, 77, 4, 77, 77, 78])  # RND, ref; then RND, ref taken, taken, free
    station.randbelow = lambda _limit: next(numbers)
    refs = [vend(station, "test", name, drn(1), TWENTY).delivery.ref for name in "ab"]
    assert refs == [78, 79]


def test_a_request_that_was_cut_off_is_finished_by_asking_again(station, monkeypatch):
    def cut(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(station.backend, "issue_credit_token", cut)
    with pytest.raises(KeyboardInterrupt):
        vend(station, "test", "a", drn(1), TWENTY)
    (row,) = rows(station, VendRequest)
    assert row.state == "received"
    monkeypatch.undo()
    assert vend(station, "test", "a", drn(1), TWENTY).digits
    assert len(rows(station, Token)) == 1


def test_customers_and_their_meters(station, clock):
    ada = customers.add_customer(station, " Ada ", phone="1")
    ben = customers.add_customer(station, "Ben")
    assert (ada, ben) == ("C00001", "C00002")
    customers.link_meter(station, drn(1), ada)
    clock.forward(days=1)
    customers.link_meter(station, drn(1), ben)
    assert registry_views.find_customer(station, ada)["meters"] == []
    assert registry_views.find_meter(station, drn(1))["customer"] == {
        "account_no": ben,
        "name": "Ben",
    }
    customers.update_customer(station, ben, phone="2", name="Benno")
    assert registry_views.find_customer(station, ben)["phone"] == "2"
    with pytest.raises(Conflict, match="had a meter"):
        customers.delete_customer(station, ada)
    cleo = customers.add_customer(station, "Cleo")
    customers.delete_customer(station, cleo)
    with pytest.raises(NotFound):
        registry_views.find_customer(station, cleo)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": " "}, "needs a name"),
        ({"name": "x" * 201}, "longer than 200"),
        ({"name": "\udce4"}, "cannot be printed"),
        ({"name": "x", "account_no": "a b"}, "account number"),
    ],
)
def test_customers_that_cannot_be(station, fields, words):
    with pytest.raises(TjugoError, match=words):
        customers.add_customer(station, **fields)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"ea": 9}, "EA must be"),
        ({"dkga": "01"}, "DKGA must be"),
        ({"ea": 11, "dkga": "02"}, "EA 11 needs DKGA 04"),
        ({"sgc": "12345"}, "SGC must be 6 digits"),
        ({"krn": 0}, "KRN must be 1 to 9"),
        ({"kt": 4}, "KT must be 0 to 3"),
        ({"ti": "1"}, "TI must be 2 digits"),
        ({"ken": 256}, "KEN must be 0 to 255"),
        ({"bdt": "94"}, "base date must be"),
        ({"collector_id": "a/b"}, "collector's name"),
    ],
)
def test_meters_that_cannot_be(station, fields, words):
    with pytest.raises(TjugoError, match=words):
        meters.add_meter(station, meters.NewMeter(drn(4), **fields))
    with pytest.raises(NotFound):
        registry_views.find_meter(station, drn(4))


def test_a_meter_is_registered_once(station):
    with pytest.raises(Conflict):
        meters.add_meter(station, meters.NewMeter(drn(1), ea=11))
    assert meters.ensure_meter(station, meters.NewMeter(drn(1), ea=11)) == drn(1)
    assert registry_views.find_meter(station, drn(1))["ea"] == "07"


def test_short_drns_get_their_leading_zeros():
    assert meters.checked_drn(" 1000-000 016") == drn(1)
