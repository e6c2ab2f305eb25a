"""A voucher pays once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import text
from station_kit import do, drn, see
from test_vending_credit_note import ADA, customer, note, right

from tjugo.errors import Conflict, TjugoError
from tjugo.station.station import Station
from tjugo.station.storage.tables import Voucher
from tjugo.station.tills import vendors
from tjugo.station.vending.batch import sell_many
from tjugo.station.vending.payment import Payment, pay
from tjugo.station.vending.purchase import Purchase, Tender
from tjugo.station.vending.views import Refusal, Sale
from tjugo.station.vending.void import void
from tjugo.station.vending.vouchers import release


def bought(client_id, ref, number=1, **more):
    tenders = (Tender("voucher", 1000, ref),)
    return Purchase("web", client_id, drn(number), money=1000, tenders=tenders, **more)


def sell(station, *purchases):
    return do(station, sell_many, purchases)


def vouchers(station):
    with station.view() as view:
        return sorted((row.ref, row.client_id) for row in view.session.query(Voucher))


def test_a_voucher_is_refused_the_second_time(station):
    account = customer(station)
    assert isinstance(sell(station, bought("a", "V 12"))[0], Sale)
    (refused,) = sell(station, bought("b", "v1 2", 2))
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.message) == (
        "voucher_used",
        "Voucher V12 was used already, for receipt main 1.",
    )
    with pytest.raises(Conflict, match="for receipt main 1"):
        do(
            station,
            pay,
            Payment("web", "p", account, 5, ADA, None, (Tender("voucher", 5, "V12"),)),
        )
    assert isinstance(sell(station, bought("a", "V 12"))[0], Sale)  # the same request again
    card = Purchase("web", "c", drn(1), money=1000, tenders=(Tender("card", 1000, "V12"),))
    assert isinstance(sell(station, card)[0], Sale)
    assert vouchers(station) == [("V12", "a")]
    right(station)


def test_a_voucher_without_a_number_is_compared_with_nothing(station):
    found = sell(station, bought("a", ""), bought("b", "  ", 2))
    assert [type(one) for one in found] == [Sale, Sale]
    assert vouchers(station) == []


@pytest.mark.parametrize("number", [1, 2], ids=["one meter", "two meters"])
def test_a_voucher_twice_in_one_batch(station, number):
    first, second = sell(station, bought("a", "V1"), bought("b", "V1", number))
    assert (type(first), type(second)) == (Sale, Refusal)
    assert second.code == "voucher_used"
    assert vouchers(station) == [("V1", "a")]
    right(station)


def test_a_voucher_twice_in_one_sale(station):
    tenders = (Tender("voucher", 500, "V1"), Tender("voucher", 500, "v 1"))
    (refused,) = sell(station, Purchase("web", "a", drn(1), money=1000, tenders=tenders))
    assert "one is given twice" in refused.message
    assert vouchers(station) == []


def test_a_refused_sale_takes_no_voucher(station):
    sell(station, bought("a", "V1"))
    tenders = (Tender("voucher", 500, "V0"), Tender("voucher", 500, "V1"))
    (refused,) = sell(station, Purchase("web", "b", drn(2), money=1000, tenders=tenders))
    assert refused.code == "voucher_used"
    do(station, vendors.ensure_default)
    do(station, vendors.add_vendor, "agent", "Agent Ltd", 999)
    do(station, vendors.add_outlet, "kiosk", "agent", "Kiosk")
    (over,) = sell(station, bought("c", "V2", 2, outlet="kiosk"))
    assert over.code == "vendor_credit"
    assert vouchers(station) == [("V1", "a")]


def test_what_is_undone_gives_its_voucher_back(station):
    account = customer(station)
    sell(station, bought("a", "V1", disclosed=False))
    do(station, void, "web", "a", "wrong meter")
    voucher = (Tender("voucher", 700, "V1"),)
    do(station, pay, Payment("web", "p", account, 700, ADA, None, voucher))
    note(station, "n", None, None, "p")
    assert isinstance(sell(station, bought("b", "V1"))[0], Sale)
    # The credit note of a sale returns cash or credit: the voucher stays used.
    note(station, "m", None, "cash", "b")
    assert sell(station, bought("c", "V1"))[0].code == "voucher_used"
    right(station)


def test_a_voucher_at_two_counters_at_once(station):
    start = Barrier(2)

    def at(number):
        start.wait()
        try:
            return type(sell(station, bought(f"x{number}", "V1", number))[0])
        except TjugoError:
            return TjugoError

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(at, (1, 2)))
    assert sorted(one.__name__ for one in found) == ["Refusal", "Sale"]
    assert len(vouchers(station)) == 1
    assert see(station, lambda view: view.session.query(Voucher).count()) == 1


def test_an_upgraded_station_has_the_vouchers_of_its_sales(station, tmp_path):
    """Make the database one of revision 0019, and open it again."""
    account = customer(station)
    sell(station, bought("a", "V 1"), bought("b", "", 2), bought("c", "V2", 2, disclosed=False))
    do(station, lambda work: release(work, "web", "a"))
    station.clock.forward(minutes=1)
    sell(station, bought("d", "v1", 2))  # 0019 took it twice
    paid = (Tender("voucher", 500, "P1"), Tender("cash", 500), Tender("card", 5, "V9"))
    do(station, pay, Payment("web", "p", account, 1005, ADA, None, paid))
    do(station, void, "web", "c", "wrong meter")
    with station.work("test") as work:
        for statement in (
            "DROP TABLE voucher",
            "DROP INDEX ix_day_total_office",
            "ALTER TABLE meter_reading DROP COLUMN tamper",
            "ALTER TABLE meter_reading DROP COLUMN low_credit",
            "ALTER TABLE meter_reading DROP COLUMN malignant_load",
            "ALTER TABLE meter_reading DROP COLUMN credit_money",
            "ALTER TABLE meter_reading DROP COLUMN currency",
            "ALTER TABLE meter_reading DROP COLUMN metering_fault",
            "DROP INDEX ix_meter_reading_alarms",
            "ALTER TABLE meter_reading DROP COLUMN tamper_kinds",
            "ALTER TABLE meter_reading DROP COLUMN alarms",
            "DROP TABLE meter_order",
            "ALTER TABLE token_delivery DROP COLUMN credit_wh",
            "ALTER TABLE token_delivery DROP COLUMN sequence",
            "ALTER TABLE token_delivery DROP COLUMN mac",
            "ALTER TABLE token_delivery DROP COLUMN doubted_at",
            "UPDATE alembic_version SET version_num = '0019'",
        ):
            work.session.execute(text(statement))
    station.close()
    with Station.open(tmp_path / "state", clock=station.clock) as again:
        assert vouchers(again) == [("P1", "p"), ("V1", "a")]
        assert sell(again, bought("e", "p1"))[0].code == "voucher_used"
        right(again)
