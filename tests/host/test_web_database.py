"""Pages and requests while the database does not answer, and texts that it cannot keep."""

import pytest
from people_kit import HTML, add, client, log_in
from station_kit import Clock, new_station

from tjugo.errors import Unavailable
from tjugo.station.operators.permissions import LOCAL
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


def test_each_page_says_that_the_database_does_not_answer(served, stopped):
    pages = [path for method, path in ACCESS if method == "GET" and "{" not in path]
    pages = [path for path in pages if not path.startswith(("/api/", "/bench"))]
    assert {"/", "/login", "/sales", "/meters"} <= set(pages)
    with client(served) as web, client(served) as nobody:
        log_in(web, "ana")
        stopped()
        for path in pages:
            page = web.get(path, headers=HTML)
            assert (page.status_code, sentence(served) in page.text) == (503, True), path
            assert "<h1>The request failed</h1>" in page.text
        page = nobody.get("/login", headers=HTML)
        assert (page.status_code, sentence(served) in page.text) == (503, True)
        answer = nobody.get("/api/v1/vends")
        assert (answer.status_code, answer.json()["error"]) == (503, sentence(served))


def test_pages_without_log_in_say_that_the_database_does_not_answer(served, stopped):
    with client(served, visitor=LOCAL) as web:
        stopped()
        for path in ("/sales", "/meters"):
            page = web.get(path, headers=HTML)
            assert (page.status_code, sentence(served) in page.text) == (503, True), path
            assert 'data-testid="link-unknown"' in page.text


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
