"""The search boxes of lists: what they find by indexes, what by reading all, page by page."""

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine
from station_kit import do, drn, see

from tjugo.station.registry import customers, matching, meters, views
from tjugo.station.storage.tables import Collector
from tjugo.station.vending import sale_views
from tjugo.station.vending.batch import sell_many
from tjugo.station.vending.purchase import Purchase

NAMES = ("Ada Obi", "Ada Bello", "Efe Obi-Coker", "José Ñandú", "Musa Adamu")


@pytest.fixture
def town(station):
    """Return the station of money_kit with customers, of which three have meters."""
    for number, name in enumerate(NAMES, 1):
        account = do(station, customers.add_customer, name, phone=f"+234 80{number} 555 0{number}")
        if number <= 3:
            do(station, customers.link_meter, drn(number), account)
    return station


def names(station, text, **more):
    return [one.name for one in see(station, views.customers, text, **more).items]


def numbers(station, text, **more):
    return [one.drn for one in see(station, views.meters, text, **more).items]


def counted(station, text):
    return (names(station, text), numbers(station, text))


@pytest.mark.parametrize("few", [1, 2000])
def test_words_and_numbers_by_their_beginning(town, monkeypatch, few):
    """few: with 1, each word is a common one, and customers are read in their order."""
    monkeypatch.setattr(matching, "_FEW", few)
    assert counted(town, "ada") == (["Ada Obi", "Ada Bello", "Musa Adamu"], [drn(1), drn(2)])
    assert counted(town, "OBI") == (["Ada Obi", "Efe Obi-Coker"], [drn(1), drn(3)])
    assert counted(town, "bel ada") == (["Ada Bello"], [drn(2)])
    assert counted(town, "nandu jose") == (["José Ñandú"], [])
    assert counted(town, "ada nandu") == ([], [])
    assert names(town, drn(2)[:10]) == ["Ada Bello"]
    assert numbers(town, drn(2)[:10]) == [drn(2)]


def test_phones_accounts_and_collectors(town):
    account = see(town, views.customers, "efe").items[0].account_no
    assert names(town, account) == names(town, account.lower()) == ["Efe Obi-Coker"]
    assert numbers(town, account) == [drn(3)]
    assert names(town, "0803 555 03") == names(town, "+234803555") == ["Efe Obi-Coker"]
    with town.work("test") as work:
        work.session.add(Collector(tenant_id=work.tenant_id, collector_id="north-7"))
    do(town, meters.set_collector, drn(1), "north-7")
    assert numbers(town, "orth-7") == [drn(1)]


def test_the_middle_of_names_and_numbers_where_nothing_begins_so(town):
    assert counted(town, "oker") == (["Efe Obi-Coker"], [drn(3)])
    assert numbers(town, drn(2)[3:]) == [drn(2)]
    assert names(town, drn(2)[3:]) == ["Ada Bello"]


@pytest.mark.parametrize("text", ["-", "  ", "%", "_", "zzz", "ada\0", "9" * 300, "'", "*"])
def test_a_text_that_means_nothing_finds_nothing(town, text):
    assert names(town, text) in ([], ["Ada Obi", "Ada Bello", "Musa Adamu"])
    if text.strip() and "ada" not in text:
        assert counted(town, text) == ([], [])


@pytest.mark.parametrize("few", [1, 2000])
@pytest.mark.parametrize("text", ["ada", "da"])
def test_pages_have_each_row_once(town, monkeypatch, few, text):
    monkeypatch.setattr(matching, "_FEW", few)
    found, after = [], None
    for _ in range(9):
        page = see(town, views.customers, text, after=after, limit=1)
        found += [one.name for one in page.items]
        after = page.next
        if after is None:
            break
    assert found == ["Ada Obi", "Ada Bello", "Musa Adamu"]
    assert see(town, views.customers, text, after="ZZZZ", limit=1).items == []


# Sales


def ids(station, text, **more):
    return [one.client_id for one in see(station, sale_views.sales, text, **more).items]


@pytest.fixture
def sold(town):
    """Return the town with sales of two meters, and a refusal."""
    for number, name in ((1, "a-1"), (1, "a-2"), (2, "b-1")):
        do(town, sell_many, [Purchase("web", name, drn(number), money=1000)])
        town.clock.forward(minutes=2)
    do(town, sell_many, [Purchase("web", "a-bad", drn(1), money=-5)])
    town.clock.forward(minutes=2)
    do(town, sell_many, [Purchase("shop", "a-3", drn(3), money=1000)])
    return town


def test_sales_of_a_meter_with_what_was_refused(sold):
    assert ids(sold, drn(1)) == ids(sold, f"{drn(1)[:4]} {drn(1)[4:]}") == ["a-bad", "a-2", "a-1"]
    assert ids(sold, drn(2)[:10]) == ["b-1"]
    assert ids(sold, drn(1), limit=1) == ["a-bad"]
    page = see(sold, sale_views.sales, drn(1), limit=2)
    assert [one.client_id for one in page.items] == ["a-bad", "a-2"]
    assert ids(sold, drn(1), limit=2, after=page.next) == ["a-1"]
    assert ids(sold, drn(3), client="web") == []


def test_sales_by_the_beginning_of_the_requests_id(sold):
    assert ids(sold, "a-") == ["a-3", "a-bad", "a-2", "a-1"]
    assert ids(sold, "a-", client="shop") == ["a-3"]
    assert ids(sold, "a-2") == ["a-2"]
    assert ids(sold, "bad") == ["a-bad"]  # the middle: by reading all


def test_sales_by_part_of_the_token(sold):
    with sold.view() as view:
        (digits,) = [one.token for one in sale_views.sales(view, "b-1").items]
    assert ids(sold, digits[3:15]) == ["b-1"]
    assert ids(sold, f"{digits[4:8]} {digits[8:12]} {digits[12:16]}") == ["b-1"]


# What the databases read


def test_no_list_reads_a_whole_table(sold):
    """SQLite tells it: a page that scans is slow with a million meters."""
    if sold.database.queue() is None:
        pytest.skip("the plans of SQLite")
    sold.count_rows()
    statements = []

    def note(connection, cursor, statement, parameters, *_):
        statements.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        for query, text in (
            (views.customers, ""),
            (views.customers, "ada obi"),
            (views.customers, "080355503"),
            (views.meters, ""),
            (views.meters, "ada obi"),
            (views.meters, drn(1)[:9]),
            (sale_views.sales, ""),
            (sale_views.sales, drn(1)),
            (sale_views.sales, "a-1"),
        ):
            assert see(sold, query, text).items
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    scans = []
    with sold.database.open_engine().connect() as plain:
        for statement, parameters in statements:
            if statement.lstrip().startswith("SELECT"):
                plan = plain.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, parameters)
                scans += [(row[3], statement) for row in plan if scanned(row[3])]
    assert scans == []


def scanned(step):
    """Return whether a step of a plan reads all rows of a table that grows."""
    large = ("customer", "search_word", "meter", "service_link", "vend_request", "token", "sale")
    return step.startswith("SCAN ") and step.split()[1] in large
