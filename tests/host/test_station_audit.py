"""The audit chain: what verify finds, what the database refuses, and what older versions left."""

import sqlite3
from contextlib import closing

import pytest
from cli_kit import Shell
from station_kit import Clock, see
from test_station_db import released

from tjugo.errors import TjugoError
from tjugo.station import clock as guard
from tjugo.station import settings
from tjugo.station.audit import chain, views
from tjugo.station.station import Station
from tjugo.station.storage.tables.people import APPEND_ONLY

TRIGGERS = ("audit_event_no_update", "audit_event_no_delete")
COLUMNS = "tenant_id, number, at, actor, action, subject, outcome, detail, digest"


@pytest.fixture
def station(tmp_path):
    """Return a station with five events and nothing else."""
    with Station.create(tmp_path / "state", clock=Clock()) as station:
        for number in range(1, 6):
            with station.work(f"op:p{number}") as work:
                chain.record(work, "settings.edit", f"setting s{number}", f"value {number}")
        yield station


def tamper(station, *statements):
    """Change the events as a person can who has the file: without the triggers."""
    with closing(sqlite3.connect(station.path)) as connection:
        for name in TRIGGERS:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        for statement in APPEND_ONLY["sqlite"]:
            connection.execute(statement)
        connection.commit()


def test_a_whole_chain(station):
    assert see(station, chain.verify) == (5, [])
    number, digest = see(station, chain.head)
    assert number == 5 and see(station, chain.holds, 5, digest)


def test_what_is_rolled_back_records_nothing(station):
    with pytest.raises(TjugoError), station.work("op:x") as work:
        settings.put(work, "sale_limit_kwh", "7")
        settings.put(work, "sale_limit_kwh", "none")
    assert see(station, chain.verify) == (5, [])


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'op:other'",
        "action = 'sell'",
        "subject = 'meter 1'",
        "detail = 'value 9'",
        "outcome = 'refused'",
        "at = '2026-11-22 12:00:00.000001'",
        "digest = '" + "0" * 64 + "'",
    ],
)
def test_a_changed_event(station, change):
    tamper(station, f"UPDATE audit_event SET {change} WHERE number = 3")
    count, wrong = see(station, chain.verify)
    assert count == 5 and wrong[0] == "Event 3 was changed, or one before it."


def test_a_removed_event(station):
    tamper(station, "DELETE FROM audit_event WHERE number = 2")
    assert see(station, chain.verify)[1][0] == "Events 2 to 2 are missing."


def test_a_removed_event_whose_gap_is_closed(station):
    tamper(
        station,
        "DELETE FROM audit_event WHERE number = 2",
        *(f"UPDATE audit_event SET number = {n - 1} WHERE number = {n}" for n in (3, 4, 5)),
    )
    assert see(station, chain.verify)[1][0] == "Event 2 was changed, or one before it."


def test_an_inserted_event(station):
    tamper(
        station,
        *(f"UPDATE audit_event SET number = {n + 1} WHERE number = {n}" for n in (5, 4, 3)),
        f"INSERT INTO audit_event ({COLUMNS}) SELECT tenant_id, 3, at, 'op:x', action, subject, "
        "outcome, detail, digest FROM audit_event WHERE number = 2",
    )
    assert see(station, chain.verify)[1][0] == "Event 3 was changed, or one before it."


def test_an_event_added_at_the_end(station):
    with station.view() as view:
        last = list(chain.events(view))[-1]
        digest = chain.digest_of(last.digest, 1, 6, last)
    tamper(
        station,
        f"INSERT INTO audit_event ({COLUMNS}) SELECT tenant_id, 6, at, actor, action, subject, "
        f"outcome, detail, '{digest}' FROM audit_event WHERE number = 5",
    )
    wrong = see(station, chain.verify)[1]
    assert wrong == ["Events 6 to 6 were added without being counted."]


def test_two_events_in_another_order(station):
    tamper(
        station,
        "UPDATE audit_event SET number = 99 WHERE number = 2",
        "UPDATE audit_event SET number = 2 WHERE number = 3",
        "UPDATE audit_event SET number = 3 WHERE number = 99",
    )
    assert see(station, chain.verify)[1][0] == "Event 2 was changed, or one before it."


def test_events_cut_off_at_the_end(station):
    noted = see(station, chain.head)
    tamper(station, "DELETE FROM audit_event WHERE number > 3")
    assert see(station, chain.verify)[1] == ["Events 4 to 5 are missing."]
    tamper(station, "UPDATE counter SET value = 3 WHERE name = 'audit'")
    assert see(station, chain.verify) == (3, [])
    assert not see(station, chain.holds, *noted)  # what is noted elsewhere finds even this


def test_the_database_refuses_changes(station):
    for statement in ("UPDATE audit_event SET detail = ''", "DELETE FROM audit_event"):
        with closing(sqlite3.connect(station.path)) as connection:
            with pytest.raises(sqlite3.IntegrityError, match="an audit event is never changed"):
                connection.execute(statement)
    assert see(station, chain.verify) == (5, [])


def test_the_migrations_make_the_same_triggers(tmp_path, station):
    def triggers(path):
        with closing(sqlite3.connect(path)) as connection:
            query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name"
            return [row for row in connection.execute(query) if "audit" in row[0]]

    released(tmp_path / "old", "0001")
    Station.open(tmp_path / "old").close()
    assert triggers(station.path) == triggers(tmp_path / "old" / "station.db") != []


def test_actions_of_older_versions_become_the_beginning_of_the_chain(tmp_path):
    folder = tmp_path / "old"
    rows = [
        "(1, '2026-11-02 10:00:00.000000', 'setting', 'anna', 'sale_limit_kwh = 7')",
        "(1, '2026-11-01 09:00:00.000001', 'token lab', 'lab', 'key of meter 01000000016')",
        "(1, '2026-11-03 08:00:00.000000', 'clock_confirm', 'cli:ben', 'clock')",
    ]
    released(
        folder,
        "0007",
        "INSERT INTO tenant (tenant_id, name) VALUES (1, 'Utility')",
        *(f"INSERT INTO recorded_action VALUES {row}" for row in rows),
    )
    with Station.open(folder, clock=Clock()) as station:
        assert see(station, chain.verify) == (3, [])
        with station.work("op:x") as work:
            guard.confirm(work)
        assert see(station, chain.verify) == (4, [])
        found = [(row.actor, row.action) for row in see(station, views.events).items]
    assert found == [
        ("op:x", "clock.confirm"),
        ("cli:ben", "clock.confirm"),
        ("anna", "settings.edit"),
        ("lab", "lab.meter_key"),
    ]


def test_events_in_pages(station):
    page = see(station, views.events, limit=2)
    assert ([row.number for row in page.items], page.next) == ([5, 4], "4")
    assert [row.number for row in see(station, views.events, after="2").items] == [1]
    assert [row.number for row in see(station, views.events, search="S3").items] == [3]
    assert see(station, views.events, outcome="refused").items == []
    with pytest.raises(TjugoError, match="no such page"):
        see(station, views.events, after="x")


def test_the_commands(station, tmp_path, monkeypatch, capsys):
    shell = Shell(tmp_path / "state", monkeypatch, capsys)
    printed = shell.fine("audit", "verify")
    assert "5 events, none changed" in printed
    noted = printed.split()[-1]
    shell.fine("audit", "verify", "--against", noted)
    said = shell.refused("audit", "verify", "--against", f"4:{noted.partition(':')[2]}")
    assert said == "The audit chain is broken. Event 4 is not the one that was noted.\n"
    assert "op:p5  settings.edit  setting s5  value 5" in shell.fine("audit", "list")
    tamper(station, "UPDATE audit_event SET detail = 'x' WHERE number >= 2")
    said = shell.refused("audit", "verify")
    assert said == "The audit chain is broken. Event 2 was changed, or one before it.\n"
