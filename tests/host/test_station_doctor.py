"""`tjugo doctor`: each fault of a station is a line."""

import json
import sqlite3
import stat
from contextlib import suppress
from datetime import timedelta
from types import SimpleNamespace

import pytest
from cli_kit import Shell
from sqlalchemy import text

from tjugo import certificate
from tjugo.errors import Unavailable
from tjugo.station.health import checks, doctor
from tjugo.station.keys.views import KeysView
from tjugo.station.link import views as link_views
from tjugo.station.operators.people import OperatorView
from tjugo.station.setup.service import Administrator, set_up
from tjugo.station.setup.utility import Utility
from tjugo.station.station import Station, utc_now

KEY = bytes(range(32))
ADA = Administrator("ada", "Ada Obi", "correct horse battery")
GULU = Utility("Gulu Power", "1 Main Street", "0012345")
WHATS = {
    *("disk", "folder", "certificate", "backup", "database", "clock", "keys", "utility"),
    *("tariff", "operators", "audit", "ledger", "tokens", "link", "sales"),
}


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "state"
    set_up(made, GULU, administrator=ADA, keys_opened_by=[KEY]).close()
    return made


def levels(found, what):
    return {check.level for check in found if check.what == what}


def lines(folder, **more):
    return doctor.examine(folder, utc_now(), **more)


def sentence(found, what):
    return " ".join(check.sentence for check in found if check.what == what)


def test_a_new_station_has_no_fault(folder):
    found = lines(folder, full=True, secret=lambda: KEY)
    assert {check.what for check in found} == WHATS
    assert {check.what for check in found if check.level == "fail"} == set()
    assert {check.what for check in found if check.level == "warn"} == {
        *("backup", "keys", "operators"),
    }
    assert "every page checked" in sentence(found, "database")
    assert "all checked" in sentence(found, "audit")


def test_both_databases(station):
    found = lines(station.state_dir, full=True)
    assert "fail" not in levels(found, "database")
    edition = "PostgreSQL" if station.database.name != str(station.path) else "SQLite"
    assert edition in sentence(found, "database")
    assert sentence(found, "ledger").endswith("all checked.")


def test_the_command(folder, monkeypatch, capsys, tmp_path):
    shell = Shell(folder, monkeypatch, capsys)
    page = shell.fine("doctor")
    assert page.startswith("ok    disk         ")
    folder.chmod(0o777)
    done = shell.run("doctor", "--json")
    found = json.loads(done.out)
    assert (done.status, found["ok"]) == (1, False)
    assert {"level": "fail", "what": "folder"}.items() <= found["checks"][1].items()
    done = shell.run("doctor", "--state", str(tmp_path / "none"))
    assert done.status == 1 and "tjugo init" in done.out
    assert not (tmp_path / "none").exists()


def test_a_wrong_key_file_is_a_line(folder):
    found = lines(folder, secret=lambda: bytes(32))
    assert levels(found, "keys") == {"fail"} and "ok" in levels(found, "clock")


def test_files_that_others_may_read(folder):
    (folder / "station.db").chmod(0o644)
    found = lines(folder)
    assert levels(found, "folder") == {"warn"} and "station.db" in sentence(found, "folder")


@pytest.mark.parametrize("name", ["vending_keys.json", "people.key", "sta_tables.bin"])
def test_keys_that_others_may_read(folder, name):
    """They may be known: no start hides that, and the other files are closed all the same."""
    for shared in (name, "station.db"):
        (folder / shared).touch()
        (folder / shared).chmod(0o644)
    found = lines(folder)
    assert levels(found, "folder") == {"fail", "warn"}
    assert f"{name}, and may know what it holds" in sentence(found, "folder")
    with suppress(Unavailable):
        Station.open(folder).close()
    assert stat.S_IMODE((folder / "station.db").stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / name).stat().st_mode) == 0o644


def test_an_older_schema_is_named_and_not_upgraded(folder):
    with sqlite3.connect(folder / "station.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0007'")
    connection.close()
    found = lines(folder)
    assert levels(found, "database") == {"warn"} and "schema 0007" in sentence(found, "database")
    with sqlite3.connect(folder / "station.db") as connection:
        assert connection.execute("SELECT * FROM alembic_version").fetchone() == ("0007",)
    connection.close()
    assert [one.level for one in checks.schema("x", "9999", "0016")] == ["fail"]


def test_a_damaged_database(folder):
    (folder / "station.db").write_bytes(b"\0" * 8192)
    found = lines(folder)
    assert levels(found, "database") == {"fail"} and levels(found, "disk") == {"ok"}


def test_a_changed_audit_event(folder):
    with Station.open(folder) as station, station.work("test") as work:
        found = "SELECT name FROM sqlite_master WHERE type='trigger' AND tbl_name='audit_event'"
        for name in list(work.session.execute(text(found)).scalars()):
            work.session.execute(text(f"DROP TRIGGER {name}"))
        work.session.execute(text("UPDATE audit_event SET actor = 'nobody' WHERE number = 1"))
    assert levels(lines(folder), "audit") == {"ok"}
    found = lines(folder, full=True)
    assert levels(found, "audit") == {"fail"} and levels(found, "ledger") == {"ok"}


def test_a_clock_that_was_set_back(folder):
    found = doctor.examine(folder, utc_now() - timedelta(days=1))
    assert levels(found, "clock") == {"fail"}


def test_the_certificate(folder):
    now = utc_now()
    certificate.self_signed(folder, ["station.example"], now, False)
    for days, level in ((0, "ok"), (800, "warn"), (830, "fail")):
        found = doctor._certificate(folder, None, now + timedelta(days=days))
        assert [one.level for one in found] == [level]
    found = lines(folder, certificate=folder / "none.pem")
    assert levels(found, "certificate") == {"fail"}


@pytest.mark.parametrize(
    ("free", "level"), [(10**10, "ok"), (10**9, "warn"), (10**8, "fail"), (0, "fail")]
)
def test_the_disk(free, level):
    assert [one.level for one in checks.disk(free)] == [level]


def test_the_keys():
    key = SimpleNamespace(state="ended", warnings=("Vending key 1 was permitted until 2026.",))

    def found(sealed, locked, sample, *keys):
        view = KeysView(sealed, locked, (), (), keys)
        return [one.level for one in checks.keys(view, sample)]

    assert found(False, False, False) == ["fail"]
    assert found(False, False, True) == ["warn"]
    assert found(True, True, False) == found(True, False, False) == ["ok"]
    assert found(True, False, False, key) == ["ok", "fail"]
    key.state = "active"
    assert found(True, False, False, key) == ["ok", "warn"]


def test_the_tariffs():
    assert [one.level for one in checks.tariffs(None, {})] == ["fail"]
    found = checks.tariffs("flat", {"flat": True, "night": False})
    assert [one.level for one in found] == ["fail"] and "night" in found[0].sentence
    assert [one.level for one in checks.tariffs("flat", {"flat": True})] == ["ok"]


def test_the_operators():
    def person(name, role="administrator", factor=True, active=True):
        more = (None, None, active, False, factor, None, None, None)
        return OperatorView(name, name, role, *more)

    def found(people_key, *rows):
        return [one.level for one in checks.operators(rows, people_key)]

    two = (person("ada"), person("ben", "cashier", False))
    assert found(True, *two) == ["ok"]
    assert found(True) == ["warn"]
    assert found(True, person("ada")) == ["warn"]
    assert found(True, person("ada", factor=False), person("ben")) == ["warn"]
    assert found(False, *two) == ["fail"]


@pytest.mark.parametrize(
    ("state", "ok", "level"),
    [
        (link_views.NONE, True, "ok"),
        (link_views.CONNECTED, True, "ok"),
        (link_views.STOPPED, False, "warn"),
        (link_views.FAILED, False, "fail"),
    ],
)
def test_the_link(state, ok, level):
    status = link_views.LinkStatus(state, "Sentence.", ok, None, None, 0, (), {})
    assert [one.level for one in checks.link(status)] == [level]


def test_the_trial_station_has_no_utility(tmp_path):
    set_up(tmp_path / "trial").close()
    found = lines(tmp_path / "trial")
    assert levels(found, "utility") == levels(found, "operators") == {"warn"}
