"""Vending: once for each client id, a unique TID for each token, refusals recorded."""

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from station_kit import COLLECTOR, Clock, do, drn, new_station, see

from sts_portable import amount, tid
from tjugo.errors import Conflict, NotFound, TjugoError, Unavailable
from tjugo.key_register import KeyRegister, VendingKey
from tjugo.station import clock as guard
from tjugo.station.keys.backend import SoftBackend
from tjugo.station.registry import customers, meters
from tjugo.station.registry import views as registry_views
from tjugo.station.station import Station
from tjugo.station.storage.tables import ServiceLink, Token, TokenDelivery, VendRequest
from tjugo.station.vending import issue, sale_views, views
from tjugo.station.vending.purchase import Purchase, parse_kwh, tenths
from tjugo.station.vending.vend import sell, vend

TWENTY = Decimal(20)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def station(tmp_path, clock):
    with new_station(tmp_path / "state", clock) as opened:
        yield opened


def rows(station, table):
    with station.view() as view:
        return view.session.query(table).all()


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_meters_own_key_opens_the_token(station, number):
    sale = sell(station, "test", "a", drn(number), TWENTY)
    token = station.backend.verify_token(see(station, meters.config_of, drn(number)), sale.digits)
    assert (token.cls, token.subclass, token.tid) == (0, 0, sale.tid)
    assert amount.decode(token.value) == 200
    assert re.fullmatch(r"(\d{4} ){4}\d{4}", sale.grouped())


def test_another_meters_key_does_not_open_it(station):
    sale = sell(station, "test", "a", drn(1), TWENTY)
    assert (
        station.backend.verify_token(see(station, meters.config_of, drn(3)), sale.digits) is None
    )


def test_the_same_id_gives_the_same_sale_for_ever(station, clock):
    first = sell(station, "test", "a", drn(1), TWENTY)
    clock.forward(days=400)
    assert sell(station, "test", "a", drn(1), Decimal("20.0")) == first
    assert len(rows(station, Token)) == 1
    assert see(station, views.find_sale, "test", "a") == first


def test_it_outlives_the_process(station, tmp_path, clock):
    first = sell(station, "test", "a", drn(1), TWENTY)
    station.close()
    with Station.open(tmp_path / "state", clock=clock) as again:
        assert sell(again, "test", "a", drn(1), TWENTY) == first


def test_two_clients_may_use_the_same_id(station):
    one = sell(station, "till-1", "a", drn(1), TWENTY)
    two = sell(station, "till-2", "a", drn(1), TWENTY)
    assert one.digits != two.digits


@pytest.mark.parametrize(("number", "kwh"), [(1, "21"), (2, "20")])
def test_an_id_is_not_used_for_something_else(station, number, kwh):
    sell(station, "test", "a", drn(1), TWENTY)
    with pytest.raises(Conflict, match="new sale needs a new id"):
        sell(station, "test", "a", drn(number), Decimal(kwh))
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
    (drn(1), "5000.1", TjugoError, "more than this station sells at once .5000 kWh."),
]


@pytest.mark.parametrize(("number", "kwh", "kind", "words"), REFUSED)
def test_a_refusal_is_kept_and_final(station, number, kwh, kind, words):
    for _ in range(2):
        with pytest.raises(kind, match=words):
            sell(station, "test", "a", number, Decimal(kwh))
    (row,) = rows(station, VendRequest)
    assert (row.state, row.drn[:5], row.kwh) == ("failed", number[:5].replace("\udce4", "?"), kwh)
    assert rows(station, Token) == []
    assert re.search(words, see(station, sale_views.sales).items[0].refused)


@pytest.mark.parametrize(
    "kwh", ["NaN", "sNaN", "Infinity", "1E+999999", "1E-999999", "1." + "0" * 99]
)
def test_what_is_no_amount_is_refused_before_it_is_recorded(station, kwh):
    with pytest.raises(TjugoError, match="number of kWh"):
        sell(station, "test", "a", drn(1), Decimal(kwh))
    assert rows(station, VendRequest) == []


@pytest.mark.parametrize("client_id", ["", "a b", "x" * 65, "ä"])
def test_ids_are_plain(station, client_id):
    with pytest.raises(TjugoError, match="request id"):
        sell(station, "test", client_id, drn(1), TWENTY)


@pytest.mark.parametrize("text", ["abc", "", "1e3", "0x10", "1,500", "-3", "nan", "\u0663"])
def test_an_amount_is_written_plainly(text):
    with pytest.raises(TjugoError, match=r"^The amount .*: write "):
        parse_kwh(text)


def test_amounts_are_exact():
    assert tenths(parse_kwh(" 7.50 ")) == 75
    assert tenths(Decimal("1820162.4")) == amount.MAX_TENTHS


def test_a_large_amount_that_no_token_carries_is_refused_with_the_next_lower_one(station):
    with pytest.raises(TjugoError, match=r"next lower amount is 1999\.4 kWh"):
        sell(station, "test", "a", drn(1), Decimal(2000))
    sale = sell(station, "test", "b", drn(1), Decimal("1999.4"))
    assert (sale.kwh, sale.units_kwh) == (Decimal("1999.4"), Decimal("1999.4"))


def test_tids_go_up_within_a_minute_and_skip_the_reserved_one(station, clock):
    clock.now = datetime(2026, 11, 22, 23, 59, 30, tzinfo=UTC)
    sales = [sell(station, "test", f"s{i}", drn(1), TWENTY) for i in range(5)]
    first = sales[0].tid
    assert tid.civil("14", first) == (2026, 11, 22, 23, 59)
    assert [sale.tid - first for sale in sales] == [0, 1, 3, 4, 5]
    assert tid.is_reserved(first + 2)


def test_tids_never_repeat_when_the_clock_goes_back(station, clock):
    first = sell(station, "test", "a", drn(1), TWENTY)
    clock.forward(days=-10)
    with pytest.raises(Unavailable, match="it has been 2026-11-22T12:00:00Z here already"):
        sell(station, "test", "b", drn(1), TWENTY)
    do(station, guard.confirm)
    assert sell(station, "test", "b", drn(1), TWENTY).tid == first.tid + 1
    assert sell(station, "test", "c", drn(2), TWENTY).tid < first.tid


@pytest.mark.parametrize("year", [1970, 2046])
def test_a_clock_outside_the_base_date_sells_nothing(station, clock, year):
    clock.now = datetime(year, 1, 1, tzinfo=UTC)
    with pytest.raises(Unavailable, match=f"The clock reads {year}-01-01"):
        sell(station, "test", "a", drn(1), TWENTY)
    if year > 2026:
        do(station, guard.confirm)
        with pytest.raises(TjugoError, match=f"clock reads {year}-01-01"):
            sell(station, "test", "a", drn(1), TWENTY)
    assert rows(station, Token) == []


def test_an_expired_key_sells_nothing(station):
    do(station, meters.add_meter, meters.NewMeter(drn(4), ken=85))
    with pytest.raises(TjugoError, match=r"has expired \(KEN 85\)"):
        sell(station, "test", "a", drn(4), TWENTY)


def test_the_vending_keys_ken_ends_it_too(station):
    station.backend = keys_with(ken=85)
    with pytest.raises(TjugoError, match=r"has expired \(KEN 85\)"):
        sell(station, "test", "a", drn(1), TWENTY)
    with pytest.raises(TjugoError, match="KEN 86 is beyond the vending key's, which is 85"):
        do(station, meters.add_meter, meters.NewMeter(drn(4), ken=86))


@pytest.mark.parametrize("of_meter", [True, False])
def test_a_key_that_expires_soon_is_named_with_the_sale(station, of_meter):
    """KEN 103 ends on 2026-12-17 03:43; the sale is on 2026-11-22."""
    assert sell(station, "test", "a", drn(1), TWENTY).warning is None
    if of_meter:
        do(station, meters.add_meter, meters.NewMeter(drn(4), ken=103))
    else:
        do(station, meters.add_meter, meters.NewMeter(drn(4)))
        station.backend = keys_with(ken=103)
    sale = sell(station, "test", "b", drn(4), TWENTY)
    assert sale.warning == (
        f"Meter {drn(4)}: the key expires after 2026-12-17 03:43: its key expiry number is 103."
    )
    assert sale_views.sale_view(sale).warning == sale.warning
    assert sell(station, "test", "b", drn(4), TWENTY) == sale


def keys_with(**register):
    """Return vending keys that differ from the station's own in one."""
    return SoftBackend([VendingKey(vk="01" * 20, **register)])


def test_a_missing_vending_key_is_named(station):
    station.backend = keys_with(sgc=1)
    with pytest.raises(TjugoError, match="no vending key for SGC 123457"):
        sell(station, "test", "a", drn(1), TWENTY)


@pytest.mark.parametrize(
    "given", [{"sgc": "999999"}, {"krn": 2}, {"kt": 1}, {"bdt": "93"}, {"dkga": 2}, {"ken": 256}]
)
def test_no_meter_is_added_without_its_vending_key(station, given):
    with pytest.raises(TjugoError):
        do(station, meters.add_meter, meters.NewMeter(drn(4), **given))
    with pytest.raises(NotFound):
        see(station, registry_views.find_meter, drn(4))


def test_what_is_left_out_of_a_register_is_the_vending_keys(station):
    station.backend = keys_with(sgc=77, ken=200, bdt=35)
    new = do(station, meters.new_meter, drn(4), sgc="000077", ea=None, ti="7")
    do(station, meters.add_meter, new)
    found = see(station, registry_views.find_meter, drn(4))
    assert (found.sgc, found.ken, found.bdt, found.dkga) == ("000077", 200, "35", "04")
    assert (found.ea, found.ti, found.krn, found.kt) == ("07", "07", 1, 2)
    assert do(station, meters.new_meter, drn(5), ken=3, sgc=77).ken == 3


@pytest.mark.parametrize("number", ["00000000000", "0000000000000", "0"])
def test_no_meter_has_the_number_zero(station, number):
    with pytest.raises(TjugoError, match="not the number of a meter"):
        do(station, meters.add_meter, meters.NewMeter(number))


@pytest.mark.parametrize("dkga", ["04", "4", 4])
@pytest.mark.parametrize("ea", ["11", 11])
def test_a_number_of_the_register_is_a_number_or_its_digits(dkga, ea):
    register = KeyRegister(dkga=dkga, ea=ea, sgc="000001", ti="01", bdt=14)
    assert (register.dkga, register.ea, register.sgc) == ("04", 11, 1)
    assert (register.ti, register.bdt) == (1, "14")
    assert register == KeyRegister(ea=11, sgc=1)


def test_a_vending_key_of_another_kind_is_not_used(station):
    with pytest.raises(TjugoError, match=f"for DKGA 02, base date 14; meter {drn(4)} has 04, 14"):
        do(station, meters.add_meter, meters.NewMeter(drn(4), sgc="123456", dkga="04"))


def test_the_base_date_that_ran_out_sells_nothing(station):
    station.backend = keys_with(bdt=93)
    do(station, meters.add_meter, meters.NewMeter(drn(4), bdt="93"))
    with pytest.raises(TjugoError, match="base date 93 reaches from 1993 to 2024-11-24"):
        sell(station, "test", "a", drn(4), TWENTY)


NOT_INSTALLED = {"stock": "in stock", "blocked": "blocked", "removed": "retired"}


@pytest.mark.parametrize(("status", "words"), NOT_INSTALLED.items())
def test_only_installed_meters_are_sold_for(station, status, words):
    do(station, meters.set_status, drn(1), status)
    with pytest.raises(Conflict, match=f"Meter {drn(1)} is {words}: nothing is sold for it."):
        sell(station, "test", "a", drn(1), TWENTY)


def test_a_delivery_exists_where_a_collector_serves(station):
    sale = sell(station, "test", "a", drn(1), TWENTY)
    keyed = sell(station, "test", "b", drn(3), TWENTY)
    (row,) = rows(station, TokenDelivery)
    assert (row.ref, row.collector_id, row.state) == (sale.delivery.ref, COLLECTOR, "issued")
    assert 1 <= row.ref <= 0xFFFFFFFF
    assert keyed.delivery.ref is None
    assert sale_views.sale_view(keyed).delivery.channel == "keyed"


def test_a_delivery_reference_is_not_given_twice(station):
    refs = iter([77, 77, 77, 78])  # free; then taken, taken, free
    station.randbelow = lambda limit: 3 if limit == 16 else next(refs)
    refs = [sell(station, "test", name, drn(1), TWENTY).delivery.ref for name in "ab"]
    assert refs == [78, 79]


def test_a_sale_is_one_transaction(station, monkeypatch):
    def cut(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(station.backend, "issue_credit_tokens", cut)
    with pytest.raises(KeyboardInterrupt):
        sell(station, "test", "a", drn(1), TWENTY)
    assert rows(station, VendRequest) == []
    monkeypatch.undo()
    assert sell(station, "test", "a", drn(1), TWENTY).digits
    assert len(rows(station, Token)) == 1


def test_a_request_that_an_earlier_version_only_recorded_is_decided(station):
    with station.work("test") as work:
        work.session.add(
            VendRequest(
                tenant_id=1,
                client="test",
                client_id="a",
                drn=drn(1),
                kwh="20",
                state="received",
                created_at=work.now(),
            )
        )
    assert sell(station, "test", "a", drn(1), TWENTY).digits
    assert len(rows(station, Token)) == 1


def test_what_may_go_better_next_time_leaves_nothing_behind(station, monkeypatch):
    def fail(*_):
        raise Unavailable("The key store is away.")

    monkeypatch.setattr(station.backend, "issue_credit_tokens", fail)
    with pytest.raises(Unavailable):
        sell(station, "test", "a", drn(1), TWENTY)
    assert rows(station, VendRequest) == []


def test_several_services_take_part_in_one_transaction(station):
    with pytest.raises(NotFound), station.work("test") as work:
        meters.add_meter(work, meters.NewMeter(drn(4)))
        customers.link_meter(work, drn(4), "NOPE")
    with pytest.raises(NotFound):
        see(station, registry_views.find_meter, drn(4))
    with station.work("test") as work:
        meters.add_meter(work, meters.NewMeter(drn(4)))
        account_no = customers.add_customer(work, "Ada")
        customers.link_meter(work, drn(4), account_no)
        assert vend(work, Purchase("test", "a", drn(4), TWENTY)).tid
        assert vend(work, Purchase("test", "b", drn(9), TWENTY)).code == "meter_unknown"
    assert see(station, registry_views.find_meter, drn(4)).customer.name == "Ada"
    assert [row.state for row in rows(station, VendRequest)] == ["token_issued", "failed"]


def test_a_unit_of_work_is_not_begun_inside_another(station):
    with station.work("test"), pytest.raises(RuntimeError, match="inside another"):
        with station.work("test"):
            pass


def test_a_lost_race_for_a_tid_takes_the_next_one(station, monkeypatch):
    """As on a database without one writer at a time: what was read is out of date."""
    first = sell(station, "test", "a", drn(1), TWENTY)
    found = [first.tid, first.tid + 1]
    monkeypatch.setattr(issue, "next_tid", lambda *_: found.pop(0))
    assert sell(station, "test", "b", drn(1), TWENTY).tid == first.tid + 1
    monkeypatch.setattr(issue, "next_tid", lambda *_: first.tid)
    with pytest.raises(Unavailable, match="Others sell"):
        sell(station, "test", "c", drn(1), TWENTY)
    assert len(rows(station, VendRequest)) == 2


SPELLINGS = [("1000000016", "20"), ("0100-0000 016", "20.0"), ("01000000016", "2E+1")]


@pytest.mark.parametrize(("number", "kwh"), SPELLINGS)
def test_a_retry_is_compared_by_what_is_meant(station, number, kwh):
    first = sell(station, "test", "a", drn(1), TWENTY)
    assert sell(station, "test", "a", number, Decimal(kwh)) == first
    assert len(rows(station, Token)) == 1


def test_an_amount_that_cannot_be_has_one_status():
    statuses = set()
    for text in ("abc", "0", "0.05", "99999999"):
        with pytest.raises(TjugoError) as caught:
            tenths(parse_kwh(text))
        statuses.add((caught.value.code, caught.value.status))
    assert statuses == {("amount_invalid", 2)}


def test_customers_and_their_meters(station, clock):
    ada = do(station, customers.add_customer, " Ada ", phone="1")
    ben = do(station, customers.add_customer, "Ben")
    assert (ada, ben) == ("C00001", "C00002")
    do(station, customers.link_meter, drn(1), ada)
    clock.forward(days=1)
    do(station, customers.link_meter, drn(1), ben)
    assert see(station, registry_views.find_customer, ada).meters == []
    assert see(station, registry_views.find_meter, drn(1)).customer == registry_views.CustomerName(
        ben, "Ben"
    )
    do(station, customers.update_customer, ben, phone="2", name="Benno")
    assert see(station, registry_views.find_customer, ben).phone == "2"
    with pytest.raises(Conflict, match="had a meter"):
        do(station, customers.delete_customer, ada)
    cleo = do(station, customers.add_customer, "Cleo")
    do(station, customers.delete_customer, cleo)
    with pytest.raises(NotFound):
        see(station, registry_views.find_customer, cleo)


def test_links_of_one_moment_are_all_kept(station):
    ada, ben = (do(station, customers.add_customer, name) for name in ("Ada", "Ben"))
    for account_no in (ada, ben, ada):
        do(station, customers.link_meter, drn(1), account_no)
    assert see(station, registry_views.find_meter, drn(1)).customer.name == "Ada"
    assert [row.account_no for row in rows(station, ServiceLink)] == [ada, ben, ada]


def test_the_next_account_number_is_one_that_can_be(station):
    for own in ("C99999999999999999999"[:20], "C12345-7", "X5"):
        do(station, customers.add_customer, "Own", account_no=own)
    assert do(station, customers.add_customer, "Ada") == "C00001"
    do(station, customers.add_customer, "Own", account_no="C00041")
    assert do(station, customers.add_customer, "Ben") == "C00042"
    do(station, customers.add_customer, "Own", account_no="C999999999")
    with pytest.raises(TjugoError, match="No account number is free"):
        do(station, customers.add_customer, "Cleo")


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
        do(station, customers.add_customer, **fields)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"ea": 9}, "EA must be 07 or 11"),
        ({"ea": 8}, "EA must be 07, 09 or 11"),
        ({"dkga": "01"}, "DKGA must be 02 or 04"),
        ({"dkga": "5"}, "DKGA must be 01, 02, 03 or 04"),
        ({"ea": 11, "dkga": "02"}, "EA 11 needs DKGA 04"),
        ({"sgc": "1234567"}, "SGC must be 0 to 999999"),
        ({"sgc": "\u0661"}, "SGC must be 0 to 999999"),
        ({"krn": 0}, "KRN must be 1 to 9"),
        ({"krn": True}, "KRN must be 1 to 9"),
        ({"kt": 4}, "KT must be 0 to 3"),
        ({"ti": "100"}, "TI must be 0 to 99"),
        ({"ken": 256}, "KEN must be 0 to 255"),
        ({"bdt": "94"}, "BDT must be 93, 14 or 35"),
        ({"tct": 3}, "TCT must be 1 or 2"),
        ({"collector_id": "a/b"}, "collector's name is 1 to 32 letters"),
        ({"collector_id": "north.1"}, "collector's name"),
        ({"collector_id": "c" * 33}, "collector's name"),
        ({"collector_id": "c1\n"}, "collector's name"),
        ({"collector_id": ""}, "collector's name"),
    ],
)
def test_meters_that_cannot_be(station, fields, words):
    with pytest.raises(TjugoError, match=words):
        do(station, meters.add_meter, meters.NewMeter(drn(4), **fields))
    with pytest.raises(NotFound):
        see(station, registry_views.find_meter, drn(4))


def test_a_meter_is_registered_once(station):
    with pytest.raises(Conflict):
        do(station, meters.add_meter, meters.NewMeter(drn(1), ea=11))
    assert do(station, meters.ensure_meter, meters.NewMeter(drn(1), ea=11)) == drn(1)
    assert see(station, registry_views.find_meter, drn(1)).ea == "07"


def test_short_drns_get_their_leading_zeros():
    assert meters.checked_drn(" 1000-000 016") == drn(1)
