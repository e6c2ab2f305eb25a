"""Meters and their life: status, links, replacement, numbers without their zeros."""

from decimal import Decimal

import pytest
from station_kit import COLLECTOR, Clock, do, drn, new_station, see

from tjugo.errors import Conflict, TjugoError
from tjugo.station.health import doctor
from tjugo.station.link import views as link_views
from tjugo.station.readings import views as readings
from tjugo.station.registry import customers, history, meters, replace, views
from tjugo.station.storage.tables import Collector, Meter
from tjugo.station.tariffs import debts
from tjugo.station.vending.payment import Payment, pay
from tjugo.station.vending.seller import Seller
from tjugo.station.vending.vend import sell

TWO = Decimal(2)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def station(tmp_path, clock):
    with new_station(tmp_path / "state", clock) as station:
        yield station


@pytest.fixture
def ada(station):
    account_no = do(station, customers.add_customer, "Ada")
    do(station, customers.link_meter, drn(1), account_no, " Plot 3 ")
    return account_no


def meter(station, number):
    return see(station, views.find_meter, drn(number))


def test_a_removed_meter_serves_nobody_whoever_removes_it(station, ada):
    do(station, meters.set_status, drn(1), "removed")
    found = meter(station, 1)
    assert (found.status, found.customer, found.service_point) == ("removed", None, None)
    assert found.collector is None
    for service, given in (
        (customers.link_meter, (drn(1), ada)),
        (meters.set_collector, (drn(1), COLLECTOR)),
        (meters.retire_meter, (drn(1), "again")),
    ):
        with pytest.raises(Conflict) as caught:
            do(station, service, *given)
        assert caught.value.code == "meter_removed"
    do(station, meters.set_collector, drn(1), None)


def test_a_status_records_who_and_why_and_when(station, clock):
    do(station, meters.set_status, drn(1), "blocked", " tampered ")
    clock.forward(days=1)
    do(station, meters.set_status, drn(1), "blocked", "again")
    do(station, meters.set_status, drn(1), "installed")
    found = see(station, history.meter_history, drn(1)).statuses
    assert found == [
        history.StatusView("blocked", "2026-11-22T12:00:00Z", "test", "tampered"),
        history.StatusView("installed", "2026-11-23T12:00:00Z", "test", None),
    ]


@pytest.mark.parametrize("why", ["", "  ", "x" * 401, "a\nb"])
def test_reasons_that_cannot_be(station, ada, why):
    with pytest.raises(TjugoError) as caught:
        do(station, meters.retire_meter, drn(1), why)
    assert caught.value.code == "reason_invalid"
    assert meter(station, 1).status == "installed"


@pytest.mark.parametrize("place", ["x" * 201, "a\nb"])
def test_service_points_that_cannot_be(station, ada, place):
    with pytest.raises(TjugoError) as caught:
        do(station, customers.set_service_point, drn(1), place)
    assert caught.value.code == "service_point_invalid"
    assert meter(station, 1).service_point == "Plot 3"


def test_links_are_ended_and_kept(station, clock, ada):
    do(station, customers.link_meter, drn(1), ada)  # nothing new
    clock.forward(hours=1)
    do(station, customers.set_service_point, drn(1), "")
    clock.forward(hours=1)
    assert do(station, customers.unlink_meter, drn(1)) == ada
    assert meter(station, 1).customer is None
    links = see(station, history.meter_history, drn(1)).links
    assert [(link.service_point, link.since[11:13], link.until[11:13]) for link in links] == [
        ("Plot 3", "12", "13"),
        (None, "13", "14"),
    ]
    for service in (customers.unlink_meter, customers.set_service_point):
        given = () if service is customers.unlink_meter else ("Plot 1",)
        with pytest.raises(Conflict) as caught:
            do(station, service, drn(1), *given)
        assert caught.value.code == "meter_not_linked"


def test_a_replaced_meter_hands_over_its_place(station, ada):
    do(station, meters.set_status, drn(3), "stock")
    do(station, replace.replace_meter, drn(1), drn(3), "burnt")
    new = meter(station, 3)
    assert (new.status, new.customer.account_no, new.service_point, new.collector) == (
        "installed",
        ada,
        "Plot 3",
        COLLECTOR,
    )
    assert meter(station, 1).status == "removed"
    for old, other in ((2, 2), (2, 3), (1, 2), (2, 1)):
        with pytest.raises(Conflict):
            do(station, replace.replace_meter, drn(old), drn(other), "burnt")
    assert meter(station, 2).status == "installed"


EARLIER = "north.1-" + "x" * 32  # 40 characters with a dot, as earlier versions accepted


@pytest.fixture
def earlier(station):
    """Let a collector whose name no collector can have serve meter 1."""
    with station.work("test") as work:
        work.session.add(Collector(tenant_id=work.tenant_id, collector_id=EARLIER))
        work.session.flush()
        work.session.get_one(Meter, (work.tenant_id, drn(1))).collector_id = EARLIER


@pytest.mark.usefixtures("earlier")
def test_a_collectors_name_of_an_earlier_version_is_kept_and_shown(station, ada):
    assert meter(station, 1).collector == EARLIER
    assert EARLIER in [row.collector for row in see(station, readings.collectors)]
    assert EARLIER in [row.collector for row in link_views.status(station).collectors]
    sell(station, "test", "a", drn(1), TWO)
    do(station, meters.set_collector, drn(1), EARLIER)  # as a form sends it back
    for number in (1, 2):
        given = "north.2" if number == 1 else EARLIER
        with pytest.raises(TjugoError, match="A collector's name is 1 to 32 letters") as caught:
            do(station, meters.set_collector, drn(number), given)
        assert caught.value.code == "collector_invalid"
    (line,) = doctor.collectors(station)
    assert line.level == "warn" and EARLIER in line.sentence
    do(station, meters.set_status, drn(3), "stock")
    do(station, replace.replace_meter, drn(1), drn(3), "burnt")
    assert meter(station, 3).collector == EARLIER
    do(station, meters.set_collector, drn(3), "north-1")
    assert doctor.collectors(station) == []


def test_no_sale_to_a_number_that_two_meters_share_without_their_zeros(station, monkeypatch):
    """add_meter refuses the second one; a database of an earlier version may have both."""
    short = drn(1).lstrip("0")
    assert see(station, meters.repaired_drn, short) == drn(1)
    assert see(station, meters.repaired_drn, drn(1)) is None
    assert see(station, meters.repaired_drn, "no number") is None
    assert sell(station, "test", "before", short, TWO).drn == drn(1)
    twelve = "0012345678903"[1:]  # of a meter with 13 digits: it has lost one
    do(station, meters.add_meter, meters.NewMeter(f"0{twelve}"))
    assert sell(station, "test", "twelve", twelve, TWO).drn == f"0{twelve}"
    longer = "0" * (13 - len(short)) + short
    monkeypatch.setattr(meters.drn_numbers, "twins", lambda drn: [])
    do(station, meters.add_meter, meters.NewMeter(longer))
    with pytest.raises(TjugoError, match=f"could be {drn(1)} or {longer}") as caught:
        sell(station, "test", "a", short, TWO)
    assert caught.value.code == "drn_invalid"
    assert sell(station, "test", "b", longer, TWO).drn == longer
    assert sell(station, "test", "c", drn(1), TWO).drn == drn(1)


def test_a_customer_with_a_debt_or_a_payment_is_kept(station):
    debtor = do(station, customers.add_customer, "Ada")
    do(station, debts.open_debt, debtor, "Arrears", 1000)
    payer = do(station, customers.add_customer, "Ben")
    do(station, pay, Payment("web", "p", payer, 2550, Seller("op:ada")))
    for account, words in ((debtor, "has or had a debt"), (payer, "has receipts")):
        with pytest.raises(Conflict, match=f"Account {account} {words} and is kept"):
            do(station, customers.delete_customer, account)
        assert see(station, views.find_customer, account).account_no == account
