"""Statements that a server executes without being waited for: prepared, refused, large, lost."""

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DataError, ProgrammingError
from station_kit import new_station

from tjugo.errors import TjugoError, Unavailable
from tjugo.station.storage import driver, server
from tjugo.station.storage.driver import Asked
from tjugo.station.storage.postgres import open_engine

_TABLE = "CREATE TABLE kept (number integer PRIMARY KEY, text text)"
_PUT = "INSERT INTO kept VALUES (%(number)s::integer, %(text)s::text)"
_ALL = Asked("SELECT number, text FROM kept ORDER BY number", ())


@pytest.fixture
def station(postgres, tmp_path):
    with new_station(tmp_path / "state", database_url=postgres.new_database()) as made:
        with made.work("test") as work:
            driver.write(work.session.connection(), _TABLE)
        yield made


def put(connection, number, value="x"):
    driver.write(connection, _PUT, {"number": number, "text": value})


def kept(station):
    with station.view() as view:
        return [tuple(row) for row in driver.read(view.session.connection(), _ALL).rows]


def named(connection):
    """Return the names of the statements that the server has prepared."""
    rows = driver.read(connection, Asked("SELECT name FROM pg_prepared_statements", ())).rows
    return sorted(name for (name,) in rows)


def test_a_statement_is_prepared_once_for_a_connection(station):
    for number in (1, 2):
        with station.work("test") as work:
            connection = work.session.connection()
            put(connection, number)
            names = named(connection)
            session = connection.connection.driver_connection.info.backend_pid
        if number == 1:
            first = names, session
    assert (names, session) == first
    assert len(set(names)) == len(names) >= 2
    assert kept(station) == [(1, "x"), (2, "x")]


def test_a_failed_transaction_keeps_what_was_prepared(station):
    with station.work("test") as work:
        put(work.session.connection(), 1)
        names = named(work.session.connection())
    with pytest.raises(Unavailable), station.work("test") as work:
        put(work.session.connection(), 1)
    with pytest.raises(KeyError), station.work("test") as work:
        for _ in range(10):  # psycopg prepares what is executed often, and forgets at a rollback
            work.session.execute(text("SELECT 1"))
        raise KeyError
    with station.work("test") as work:
        put(work.session.connection(), 2)
        assert set(names) <= set(named(work.session.connection()))
    assert kept(station) == [(1, "x"), (2, "x")]


def test_what_follows_an_error_is_not_executed_and_can_be_later(station):
    """The statement after the one that fails is prepared in the next transaction only."""
    other = "INSERT INTO kept SELECT %s::integer, 'other'"
    with pytest.raises(TjugoError) as failed, station.work("test") as work:
        connection = work.session.connection()
        with driver.pipelined(connection):
            put(connection, 1)
            driver.write(connection, "INSERT INTO kept VALUES (1 / 0, 'wrong')")
            driver.write(connection, other, (2,))
    assert isinstance(failed.value.__cause__, DataError)
    assert "division by zero" in str(failed.value.__cause__)
    assert kept(station) == []
    with station.work("test") as work:
        driver.write(work.session.connection(), other, (2,))
    assert kept(station) == [(2, "other")]


def test_a_statement_that_cannot_be_prepared_is_refused_each_time(station):
    for _ in range(2):
        with pytest.raises(ProgrammingError, match="missing"), station.work("test") as work:
            driver.write(work.session.connection(), "INSERT INTO missing VALUES (%s)", (1,))


def test_an_error_of_the_program_leaves_the_connection_usable(station):
    with pytest.raises(KeyError), station.work("test") as work:
        with driver.pipelined(work.session.connection()):
            put(work.session.connection(), 1)
            raise KeyError
    with station.work("test") as work:
        work.session.execute(text("SELECT 1"))
        put(work.session.connection(), 2)
    assert kept(station) == [(2, "x")]


def test_statements_beyond_the_limit_are_executed_without_being_prepared(station, monkeypatch):
    monkeypatch.setattr(server, "_PREPARED", 3)
    with station.work("test") as work:
        connection = work.session.connection()
        found = [
            driver.read(connection, Asked(f"SELECT %s::integer AS a{n}", (n,))) for n in range(9)
        ]
        assert [(rows.rows, list(rows.columns)) for rows in found] == [
            ([(n,)], [f"a{n}"]) for n in range(9)
        ]
        assert len([name for name in named(connection) if name.startswith("tjugo_")]) <= 3


def test_percent_signs_and_repeated_parameters(station):
    asked = Asked(
        "SELECT %(b)s::text || '100%%' || %(a)s::text || %(b)s::text", {"a": 1, "b": "%"}
    )
    with station.view() as view:
        assert driver.read(view.session.connection(), asked).rows == [("%100%1%",)]


def test_more_than_the_socket_takes_in_both_directions(station):
    """Neither side waits for the other to read."""
    large = "x" * 4_000_000
    echo = Asked("SELECT %s::text || %s::text", (large, "y"))
    with station.view() as view:
        found = driver.read_together(view.session.connection(), [echo] * 5)
    assert [rows.rows for rows in found] == [[(large + "y",)]] * 5


def test_a_connection_that_the_server_ends_is_replaced(station):
    end = Asked("SELECT pg_terminate_backend(pg_backend_pid())", ())
    with pytest.raises(TjugoError), station.work("test") as work:
        connection = work.session.connection()
        with driver.pipelined(connection):
            put(connection, 1)
            driver.read(connection, end)
    with station.work("test") as work:
        put(work.session.connection(), 2)
    assert kept(station) == [(2, "x")]


@pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
def test_the_transaction_has_the_level_of_the_connection(postgres, level):
    engine = open_engine(make_url(postgres.new_database()))
    with engine.connect().execution_options(isolation_level=level) as connection:
        found = driver.read(connection, Asked("SHOW transaction_isolation", ()))
        assert found.rows == [(level.lower(),)]
    engine.dispose()


def test_nothing_begins_a_transaction_where_each_statement_is_one(postgres):
    engine = open_engine(make_url(postgres.new_database()))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        driver.write(connection, "VACUUM")  # refused within a transaction
    engine.dispose()
