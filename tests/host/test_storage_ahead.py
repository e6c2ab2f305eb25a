"""Queries that are asked ahead, statements without waiting, and tables that are counted."""

import threading
from decimal import Decimal

import pytest
from sqlalchemy import bindparam, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from station_kit import drn, new_station

from tjugo.errors import Conflict, TjugoError, Unavailable
from tjugo.station import settings
from tjugo.station.keys import use
from tjugo.station.ledger import post
from tjugo.station.storage import driver
from tjugo.station.storage.rows import Rows
from tjugo.station.storage.statement import Statement, forget_ahead, read_ahead
from tjugo.station.storage.tables import Counter, Setting
from tjugo.station.vending.batch import sell_many
from tjugo.station.vending.growth import Growth
from tjugo.station.vending.purchase import Purchase
from tjugo.station.vending.vend import sell_together

_NAMES = Statement(
    select(Setting.name)
    .where(Setting.tenant_id == 1, Setting.value == bindparam("value"))
    .order_by(Setting.name)
)
_PUT = Rows(Setting, ("tenant_id", "name", "value"))
_COUNT = Rows(Counter, ("tenant_id", "name", "value"))


@pytest.fixture
def empty(postgres):
    return postgres.new_database()


@pytest.fixture
def on_server(empty, tmp_path):
    with new_station(tmp_path / "state", database_url=empty) as made:
        yield made


@pytest.fixture
def asked(monkeypatch):
    """Return the texts that are given to the driver and waited for."""
    texts = []
    read, together = driver.read, driver.read_together

    def one(connection, asked):
        texts.append(asked.text)
        return read(connection, asked)

    def several(connection, statements):
        texts.append(f"{len(statements)} together")
        return together(connection, statements)

    monkeypatch.setattr(driver, "read", one)
    monkeypatch.setattr(driver, "read_together", several)
    return texts


def names(work, value):
    return [row.name for row in _NAMES.all(work.session, value=value)]


def put(work, *rows):
    _PUT.insert(work.session, [(1, *row) for row in rows])


def test_what_is_asked_ahead_is_the_same(station):
    with station.work("test") as work:
        put(work, ("a", "x"), ("b", "y"), ("c", "x"))
        read_ahead(work.session, [_NAMES.of(value="x"), _NAMES.of(value="y")])
        assert [names(work, value) for value in "yxz"] == [["b"], ["a", "c"], []]


def test_a_server_is_asked_once_for_several(on_server, asked):
    with on_server.work("test") as work:
        put(work, ("a", "x"))
        del asked[:]
        read_ahead(work.session, [_NAMES.of(value="x"), _NAMES.of(value="y")])
        assert (names(work, "x"), names(work, "y")) == (["a"], [])
        assert asked == ["2 together"]


def test_an_answer_is_used_once_and_not_after_a_change(on_server):
    with on_server.work("test") as work:
        read_ahead(work.session, [_NAMES.of(value="x")])
        put(work, ("a", "x"))
        assert (names(work, "x"), names(work, "x")) == ([], ["a"])
        read_ahead(work.session, [_NAMES.of(value="x")])
        put(work, ("b", "x"))
        forget_ahead(work.session)
        assert names(work, "x") == ["a", "b"]


def test_an_error_comes_at_the_end_of_what_is_not_waited_for(station):
    with pytest.raises((IntegrityError, Unavailable)), station.work("test") as work:
        with driver.pipelined(work.session.connection()):
            put(work, ("a", "x"), ("a", "y"))
        raise AssertionError("the block ended well")
    with station.view() as view:
        assert names(view, "x") == []


def test_a_query_that_fails_has_no_values_in_its_error(on_server):
    wrong = Statement(text("SELECT 1 / CAST(:given AS integer)"))
    with pytest.raises(TjugoError) as failed, on_server.work("test") as work:
        read_ahead(work.session, [wrong.of(given=0), _NAMES.of(value="12345678901234567890")])
    assert isinstance(failed.value.__cause__, DBAPIError)
    assert "12345678901234567890" not in f"{failed.value} {failed.value.__cause__}"


def test_an_entry_that_exists_is_named(station):
    entry = post.Entry("deposit", "one", (("bank", "", 5), ("vendor", "V1", -5)))
    with station.work("test") as work:
        post.post(work, entry)
    with pytest.raises(Conflict, match="posted in the ledger already"), station.work("t") as work:
        settings.put(work, "approval_days", "3")
        post.post(work, entry)


def test_a_batch_counts_the_use_of_its_key(station):
    def buys(first):
        bought = [Purchase("c", f"{first}-{n}", drn(n), kwh=Decimal(n), actor="c") for n in (1, 2)]
        return lambda: bought

    sell_together(station, buys("a"))
    sell_together(station, buys("b"))
    with station.view() as view:
        assert list(use.used(view).values()) == [60]


def test_a_batch_asks_a_server_a_few_times(on_server, asked):
    bought = [Purchase("c", f"{n}", drn(n), kwh=Decimal(n), actor="c") for n in (1, 2)]
    sell_together(on_server, lambda: bought)
    del asked[:]
    bought = [Purchase("c", f"again-{n}", drn(n), kwh=Decimal(n), actor="c") for n in (1, 2)]
    sell_together(on_server, lambda: bought)
    assert len(asked) <= 6, asked


def rows_read(work):
    """Return how many rows this connection has read, by table."""
    rows = "SELECT relname, seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables"
    return dict(map(tuple, work.session.execute(text(rows))))


def test_a_batch_reads_as_few_rows_when_many_were_sold(on_server):
    def buys(batch):
        return [Purchase("c", f"{batch}-{n}", drn(n), kwh=Decimal(1), actor="c") for n in (1, 2)]

    sold = 100
    for batch in range(sold):
        sell_together(on_server, lambda: buys(batch))  # noqa: B023
    on_server.count_rows()
    with on_server.work("test") as work:
        before = rows_read(work)
        sell_many(work, buys("last"))
        work.finish()
        read = {name: rows - before.get(name, 0) for name, rows in rows_read(work).items()}
    assert {name: rows for name, rows in read.items() if rows > sold / 2} == {}


def test_insertions_into_several_tables_are_one_statement(on_server, monkeypatch):
    texts, write = [], driver.write

    def written(connection, text, values=()):
        texts.append(text)
        write(connection, text, values)

    monkeypatch.setattr(driver, "write", written)
    with on_server.work("test") as work, driver.pipelined(work.session.connection()):
        put(work, ("a", "x"))
        _COUNT.insert(work.session, [(1, "first", 5)])
        put(work, ("b", "x"))
        assert names(work, "x") == ["a", "b"]
        put(work, ("c", "x"))
    assert [one.count("INSERT") for one in texts] == [2, 1, 1]
    with on_server.view() as view:
        assert names(view, "x") == ["a", "b", "c"]
        assert view.session.get_one(Counter, (1, "first")).value == 5


def test_insertions_are_executed_in_their_order(on_server):
    """Transactions that insert into the same tables in the same order do not wait for each other
    in a circle."""
    insertion = "INSERT INTO {0} (x) SELECT nextval('turn') FROM unnest(%s::integer[])"
    with on_server.work("test") as work:
        connection = work.session.connection()
        driver.write(connection, "CREATE TEMPORARY SEQUENCE turn")
        for table in "abc":
            driver.write(connection, f"CREATE TEMPORARY TABLE {table} (x bigint)")
        with driver.pipelined(connection):
            for table in "cab":
                driver.insert(connection, table, insertion.format(table), ([1, 2],))
        found = [driver.read(connection, driver.Asked(f"SELECT x FROM {t}", ())) for t in "cab"]
    assert [[x for (x,) in rows.rows] for rows in found] == [[1, 2], [3, 4], [5, 6]]


def pages(station, table):
    with station.view() as view:
        query = text("SELECT relpages FROM pg_class WHERE relname = :table")
        return view.session.execute(query, {"table": table}).scalar_one()


def test_tables_that_grew_are_counted(on_server):
    on_server.count_rows()
    before = pages(on_server, "setting")
    with on_server.work("test") as work:
        put(work, *((f"name{n}", "x" * 90) for n in range(2000)))
    on_server.count_rows()
    counted = pages(on_server, "setting")
    assert counted > 2 * before
    with on_server.work("test") as work:
        put(work, *((f"more{n}", "x" * 90) for n in range(500)))
    on_server.count_rows()
    assert pages(on_server, "setting") == counted


def test_rows_are_counted_after_the_first_sales_and_then_ever_more_seldom():
    class Counting:
        def count_rows(self):
            counted.append(len(batches))

    batches, counted, growth = [], [], Growth(Counting())
    for batch in range(40):
        batches.append(batch)
        growth.add(50)
        growth.close()
    assert counted == [2, 8, 32]


def test_sales_do_not_wait_until_the_rows_are_counted():
    may_end, counted = threading.Event(), []

    class Counting:
        def count_rows(self):
            counted.append(True)
            may_end.wait()

    growth = Growth(Counting())
    for _ in range(10):
        growth.add(100)
    may_end.set()
    growth.close()
    assert counted == [True]
    growth.add(100)
    growth.close()
    assert counted == [True, True]
