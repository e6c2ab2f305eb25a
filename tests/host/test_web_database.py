"""Pages and requests while the database does not answer, and texts that it cannot keep."""

import sqlite3
from contextlib import contextmanager

import psycopg
import pytest
from people_kit import HTML, add, client, log_in
from sqlalchemy import text
from station_kit import Clock, drn, new_station

from tjugo.errors import TjugoError, Unavailable
from tjugo.station.operators.permissions import LOCAL, PERMISSIONS, Person
from tjugo.station.storage.databases import PostgresDatabase
from tjugo.web.access import ACCESS


@pytest.fixture
def served(postgres, tmp_path):
    """Return a station on the server, with an operator."""
    with new_station(tmp_path / "state", Clock(), postgres.new_database()) as station:
        add(station, "ana")
        yield station


@pytest.fixture
def stopped(postgres):
    """Return what kills the server, which runs again after the test."""
    yield postgres.kill
    postgres.kill()
    postgres.start()


def sentence(station):
    return f"The server of {station.database.name} does not answer."


PUBLIC = "The station&#39;s database does not answer; try again in a minute."


def hidden(station):
    """Return whether a text has nothing of where the database is."""
    named = (station.database.name, str(station.state_dir), "/tmp/")
    return lambda text: not any(name in text for name in named)


def test_each_page_says_that_the_database_does_not_answer(served, stopped, caplog):
    pages = [path for method, path in ACCESS if method == "GET" and "{" not in path]
    pages = [path for path in pages if not path.startswith(("/api/", "/bench"))]
    assert {"/", "/login", "/sales", "/meters"} <= set(pages)
    with client(served) as web, client(served) as nobody:
        log_in(web, "ana")
        stopped()
        for path in pages:
            page = web.get(path, headers=HTML)
            assert (page.status_code, PUBLIC in page.text) == (503, True), path
            assert hidden(served)(page.text)
            assert "<h1>The request failed</h1>" in page.text
        page = nobody.get("/login", headers=HTML)
        assert (page.status_code, PUBLIC in page.text) == (503, True)
        assert hidden(served)(page.text)
        answer = nobody.get("/api/v1/vends")
        assert answer.status_code == 503
        assert answer.json()["error"] == PUBLIC.replace("&#39;", "'")
        assert sentence(served) in caplog.text


def test_pages_without_log_in_say_that_the_database_does_not_answer(served, stopped):
    with client(served, visitor=LOCAL) as web:
        stopped()
        for path in ("/sales", "/meters"):
            page = web.get(path, headers=HTML)
            assert (page.status_code, sentence(served) in page.text) == (503, True), path
            assert 'data-testid="link-unknown"' in page.text


@pytest.mark.parametrize("role", ["cashier", "supervisor", "administrator"])
def test_only_an_administrator_sees_where_the_database_is(station, role, monkeypatch):
    person = Person("op:ana", "Ana", role, PERMISSIONS[role])
    with client(station, visitor=person) as web:
        broken = station.view

        @contextmanager
        def view():
            with station.database.sentences():
                raise failure(station)
            yield broken

        monkeypatch.setattr(station, "view", view)
        for path in ("/sales", "/meters", "/api/v1/vends"):
            page = web.get(path, headers=HTML)
            assert page.status_code == 503
            assert hidden(station)(page.text) == (role != "administrator"), page.text


def failure(station):
    """Return an error of the driver, as where a disk or a server fails."""
    if isinstance(station.database, PostgresDatabase):
        return psycopg.OperationalError("connection to server failed")
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR
    return error


def test_a_state_that_is_not_known_is_not_shown_as_good(station, monkeypatch):
    def fail():
        raise Unavailable("The disk failed.")

    with client(station, link=fail, visitor=LOCAL) as web:
        page = web.get("/meters", headers=HTML)
        assert page.status_code == 200
        assert "It is not known whether the station reaches the MQTT broker." in page.text
        assert "keys-unknown" not in page.text
        monkeypatch.setattr(type(station.backend), "locked", property(lambda _: fail()))
        page = web.get("/meters", headers=HTML)
        assert "It is not known whether the vending keys are locked." in page.text


BODIES = [
    ("POST", "/api/v1/customers", {"name": "A\0da"}, "The name"),
    ("PATCH", "/api/v1/customers/C1", {"address": "A\0"}, "The address"),
    ("PUT", "/api/v1/vends/a", {"drn": drn(1) + "\0", "kwh": "1"}, "The meter number"),
    (
        *("PUT", "/api/v1/vends/a"),
        {"drn": drn(1), "kwh": "1", "tenders": [{"means": "card", "amount": "1", "ref": "\0"}]},
        "The field tenders",
    ),
    (
        *("POST", "/api/v1/tariffs/flat/versions"),
        {"rules": {"a": [{"\0": 1}]}},
        "The field rules",
    ),
]


@pytest.mark.parametrize(("method", "path", "body", "named"), BODIES)
def test_nul_in_a_body_is_named(station, method, path, body, named):
    with client(station) as web:
        answer = web.request(method, path, json=body)
        sentence = f"{named} has a NUL character, which no text may have."
        assert (answer.status_code, answer.json()) == (422, {"error": sentence, "code": "invalid"})


def test_a_backslash_before_u0000_is_no_nul(station):
    with client(station) as web:
        answer = web.post("/api/v1/customers", json={"name": r"a\u0000"})
        assert (answer.status_code, answer.json()["name"]) == (201, r"a\u0000")


@pytest.mark.parametrize("field", ["operator", "password", "next", "o\0"])
def test_nul_in_a_form_is_refused_before_the_log_in(station, field):
    add(station, "ana")
    with client(station) as web:
        form = {"operator": "ana", "password": "x", field: "a\0b"}
        page = web.post("/login", data=form, headers=HTML)
        assert page.status_code == 400
        assert "A field of the form has a NUL character, which no text may have." in page.text


def test_nul_in_a_form_with_a_file_is_refused(station):
    with client(station) as web:
        page = web.post(
            "/import", data={"upload": "a\0b"}, files={"file": ("a.csv", b"")}, headers=HTML
        )
        assert page.status_code == 400
        assert "A field of the form has a NUL character, which no text may have." in page.text


@pytest.mark.parametrize(
    "path",
    [
        *("/api/v1/vends/%00", "/api/v1/meters/1%002", "/receipts/web/%00", "/static/%00"),
        *("/api/v1/lookup?q=%00", "/api/v1/vends?after=a%00", "/login?next=/a%00", "/a?%00=1"),
    ],
)
def test_nul_in_an_address_is_refused(station, path):
    add(station, "ana")
    with client(station) as web:
        answer = web.get(path)
        assert answer.status_code == 400
        assert answer.json() == {
            "error": "The address has a NUL character, which no text may have.",
            "code": "invalid",
        }
        page = web.get(path, headers=HTML)
        assert page.status_code == 400 and "The address has a NUL character" in page.text
        assert web.get("/login?next=%2500").status_code == 200


def test_what_the_server_cannot_keep_does_not_name_the_database(served):
    with pytest.raises(TjugoError) as caught, served.work("test") as work:
        work.session.execute(text("SELECT CAST(:text AS VARCHAR)"), {"text": "a\0b"})
    assert caught.value.message == (
        "A value is too long or too large, or has characters that the database cannot keep."
    )
