"""What must be right about people and the audit chain on SQLite and on PostgreSQL."""

import threading

import pytest
from people_kit import PASSWORD, add, add_factor
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from station_kit import do, see

from tjugo.errors import TjugoError
from tjugo.station.audit import chain, views
from tjugo.station.operators import approvals, clients, lockout, log_in, people, sessions
from tjugo.station.storage.tables import LogInFailures

HERE = "127.0.0.1"


def at_once(count, function):
    """Call a function in many threads; return the codes of the errors, None for none."""
    outcomes = []

    def call():
        try:
            function()
            outcomes.append(None)
        except TjugoError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=call) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_the_database_refuses_changes_of_events(station):
    with station.work("op:a") as work:
        chain.record(work, "settings.edit", "setting x")
    statements = ["UPDATE audit_event SET detail = ''", "DELETE FROM audit_event"]
    if station._engine.dialect.name == "postgresql":
        statements.append("TRUNCATE audit_event")
    before = see(station, chain.verify)
    for statement in statements:
        with pytest.raises(DBAPIError, match="an audit event is never changed"):
            with station.work("op:a") as work:
                work.session.execute(text(statement))
    assert see(station, chain.verify) == before == (before[0], [])
    assert see(station, views.events, search="SETTING").items


def test_events_of_many_threads_are_one_chain(station):
    def record():
        with station.work("op:a") as work:
            chain.record(work, "settings.edit", "setting x")
            chain.record(work, "settings.edit", "setting y")

    before = see(station, chain.verify)[0]
    assert at_once(10, record) == [None] * 10
    assert see(station, chain.verify) == (before + 20, [])


def test_attempts_at_once_are_counted(station):
    add(station, "ana")
    wrong = at_once(10, lambda: log_in.log_in(station, "ana", "wrong", HERE))
    free = lockout.LIMITS[lockout.NAME].free
    assert (wrong.count("log_in_failed"), wrong.count("too_many")) == (free, 10 - free)


def test_a_code_used_at_once_is_used_once(station):
    add(station, "ana")
    device, codes = add_factor(station, "ana")
    for code in (device.at(station.clock()), codes[0]):
        tokens = [log_in.log_in(station, "ana", PASSWORD, HERE).token for _ in range(3)]

        def use(code=code, tokens=tokens):
            log_in.second_factor(station, tokens.pop(), code, HERE)

        assert sorted(map(str, at_once(3, use))) == ["None", "code_wrong", "code_wrong"]


def test_attempts_at_once_that_are_right_leave_no_failure(station):
    """Each one may find the row of another one, which that one deletes."""

    def attempt():
        for _ in range(20):
            with station.work("test") as work:
                assert lockout.attempt(work, name="ana", address=HERE) is None
            with station.work("test") as work:
                lockout.right(work, True, name="ana", address=HERE)

    assert list(map(str, at_once(3, attempt))) == ["None"] * 3
    with station.view() as view:
        assert view.session.query(LogInFailures).count() == 0


def test_a_request_decided_at_once_is_carried_out_once(station, monkeypatch):
    done = []
    action = approvals.Action("test.do", lambda work, payload: done.append(payload))
    monkeypatch.setitem(approvals.ACTIONS, "test.do", action)
    with station.work("op:ana") as work:
        approval = approvals.ask(work, "test.do", "meter 1", {})

    def decide():
        with station.work("op:ben") as work:
            approvals.decide(work, approval, True)

    assert sorted(map(str, at_once(4, decide))) == ["None", *["approval_closed"] * 3]
    assert done == [{}]


def test_people_and_sessions(station):
    add(station, "ana")
    add(station, "ben", "cashier", outlet="main", sale_limit=5000)
    token = log_in.log_in(station, "ben", PASSWORD, HERE).token
    found = see(station, sessions.find, token, station.clock())
    assert (found.operator.operator, found.operator.outlet) == ("ben", "main")
    do(station, people.set_active, "ben", False)
    assert see(station, sessions.find, token, station.clock()) is None
    key = do(station, clients.add, "shop", "Shop", ["read"])
    assert see(station, clients.of_key, key, HERE).actor == "api:shop"
    assert see(station, chain.verify)[1] == []
