"""Operators, passwords, second factor, sessions, lock-out, API clients and approvals."""

import threading
from datetime import timedelta

import pytest
from people_kit import PASSWORD, add, add_each_role, add_factor
from station_kit import Clock, do, new_station, see

from tjugo.errors import (
    Conflict,
    NotFound,
    NotLoggedIn,
    NotPermitted,
    TjugoError,
    TooMany,
    Unavailable,
)
from tjugo.station import settings
from tjugo.station.audit import chain
from tjugo.station.operators import (
    approvals,
    clients,
    credentials,
    lockout,
    log_in,
    passwords,
    people,
    permissions,
    sessions,
    totp,
)
from tjugo.station.storage.tables import ROLES

HERE = "127.0.0.1"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def station(tmp_path, clock):
    with new_station(tmp_path / "state", clock) as station:
        yield station


def refusals(station):
    events = see(station, lambda view: list(chain.events(view)))
    return [event for event in events if event.outcome == chain.REFUSED]


# Permissions


def test_each_role_has_what_its_work_needs():
    may = permissions.PERMISSIONS
    assert set(may) == set(ROLES)
    assert may["administrator"] == set(permissions.ACTIONS)
    reading = {action for action in permissions.ACTIONS if action.endswith(".see")}
    assert may["auditor"] == reading | {"lab.use", "registry.export"}
    assert "sales.sell" in may["cashier"] and "sales.void" not in may["cashier"]
    assert "tariffs.propose" in may["finance"] and "sales.sell" not in may["finance"]
    assert all("operators.edit" not in may[role] for role in ROLES if role != "administrator")


def test_scopes_name_actions_that_exist():
    for actions in permissions.SCOPES.values():
        assert set(actions) <= set(permissions.ACTIONS)


def test_what_is_not_permitted_is_a_sentence():
    person = permissions.visitor("auditor", "op:a", "Ana")
    permissions.check(person, "audit.see")
    with pytest.raises(NotPermitted, match=r"Ana \(auditor\) may not sell\.") as caught:
        permissions.check(person, "sales.sell")
    assert caught.value.code == "not_permitted"


# Passwords


def test_a_hash_has_its_salt_and_is_argon2id():
    first, second = passwords.hashed(PASSWORD), passwords.hashed(PASSWORD)
    assert first != second and first.startswith("$argon2id$")
    assert passwords.matches(first, PASSWORD)
    assert not passwords.matches(first, PASSWORD + "x")
    assert not passwords.matches(None, PASSWORD)
    assert not passwords.matches("no hash", PASSWORD)


def test_stations_use_the_costs_of_rfc_9106():
    profile = passwords.Profile()
    assert (profile.passes, profile.memory_kib, profile.lanes) == (3, 65536, 4)


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaa", "x" * 201, "my-ana-password"])
def test_bad_passwords(password):
    with pytest.raises(TjugoError) as caught:
        passwords.check(password, "ana")
    assert caught.value.code == "password_invalid"


def test_temporary_passwords_differ_and_are_accepted():
    found = {passwords.temporary() for _ in range(50)}
    assert len(found) == 50
    assert all(passwords.check(password, "anna") for password in found)


# Operators


def test_the_first_operator_is_an_administrator(station):
    with pytest.raises(Conflict, match="first operator must be an administrator"):
        add(station, "ana", "cashier")
    assert not see(station, people.exist)
    add(station, "ana")
    assert see(station, people.exist)


def test_one_administrator_is_left(station):
    add(station, "ana")
    for change in (
        lambda work: people.edit(work, "ana", role="cashier"),
        lambda work: people.set_active(work, "ana", False),
    ):
        with pytest.raises(Conflict, match="One active administrator must be left"):
            do(station, change)
    add(station, "ben")
    do(station, people.set_active, "ana", False)
    assert [(row.operator, row.active) for row in see(station, people.operators)] == [
        ("ben", True),
        ("ana", False),
    ]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"operator": "a"}, "log-in name has 2 to 40"),
        ({"operator": "a b"}, "log-in name has 2 to 40"),
        ({"name": " "}, "name of 1 to 100"),
        ({"role": "boss"}, "no role 'boss'"),
        ({"outlet": "nowhere"}, "no outlet 'nowhere'"),
        ({"sale_limit": -1}, "amount of money from 0"),
        ({"day_limit": 10**16}, "amount of money from 0"),
    ],
)
def test_bad_operators(station, given, words):
    fields = {"operator": "eva", "name": "Eva", "role": "administrator", **given}
    with pytest.raises(TjugoError, match=words):
        do(station, people.add, fields.pop("operator"), "hash", **fields)
    assert see(station, people.operators) == []


def test_limits_are_read_by_selling(station):
    add(station, "ana")
    add(station, "ben", "cashier", sale_limit=50000, day_limit=900000)
    person = see(station, people.person, "BEN ")
    assert (person.actor, person.sale_limit, person.day_limit) == ("op:ben", 50000, 900000)
    do(station, people.edit, "ben", sale_limit=None, day_limit=1)
    assert see(station, people.person, "ben").sale_limit is None
    event = see(station, lambda view: list(chain.events(view)))[-1]
    assert event.detail == "sale_limit: 500.00 EUR -> None; day_limit: 9000.00 EUR -> 0.01 EUR"


# Log-in


def begin(station, operator="ana", password=PASSWORD, address=HERE):
    return log_in.log_in(station, operator, password, address)


def test_a_log_in(station, clock):
    add(station, "ana")
    began = begin(station, " ANA ")
    found = see(station, sessions.find, began.token, clock())
    assert found.operator.operator == "ana" and found.stage == sessions.OPEN
    with open(station.path, "rb") as file:
        assert began.token.encode() not in file.read()


def test_no_answer_discloses_which_names_exist(station, monkeypatch):
    """Name and password wrong: the same error, after the work of one hash each."""
    add(station, "ana")
    add(station, "ben")
    do(station, people.set_active, "ben", False)
    work = []
    verify = passwords._hashing.hasher.verify
    monkeypatch.setattr(
        type(passwords._hashing.hasher),
        "verify",
        lambda self, *given: (work.append(1), verify(*given))[1],
    )
    errors = []
    for name, password in (("ana", "wrong"), ("nobody", PASSWORD), ("ben", PASSWORD)):
        work.clear()
        with pytest.raises(NotLoggedIn) as caught:
            begin(station, name, password)
        errors.append((caught.value.message, caught.value.code, len(work)))
    assert set(errors) == {("The log-in name or the password is wrong.", "log_in_failed", 1)}
    details = [(event.subject, event.detail) for event in refusals(station)]
    assert details == [
        ("operator ana", "from 127.0.0.1: wrong password"),
        ("operator", "from 127.0.0.1: no such name"),
        ("operator ben", "from 127.0.0.1: not active"),
    ]


def test_what_was_typed_is_in_no_record(station):
    add(station, "ana")
    for name, password in (("ana", "secret-typed-1"), ("secret-typed-2", "x")):
        with pytest.raises(NotLoggedIn):
            begin(station, name, password)
    text = repr([vars(event) for event in see(station, lambda v: list(chain.events(v)))])
    assert "secret-typed" not in text
    for path in station.state_dir.iterdir():
        assert b"secret-typed" not in path.read_bytes()


@pytest.mark.parametrize("name", ["ana", "nobody"])
def test_a_name_is_locked_out_with_back_off_whether_or_not_it_exists(station, clock, name):
    add(station, "ana")
    free = lockout.LIMITS[lockout.NAME].free
    for attempt in range(free):
        with pytest.raises(NotLoggedIn):
            begin(station, name, "wrong", f"10.0.0.{attempt}")
    with pytest.raises(TooMany, match="Try again in 30 seconds"):
        begin(station, name, PASSWORD, "10.0.1.1")
    clock.forward(seconds=31)
    with pytest.raises(NotLoggedIn):
        begin(station, name, "wrong", "10.0.1.1")
    with pytest.raises(TooMany, match="Try again in 60 seconds"):
        begin(station, name, PASSWORD, "10.0.1.1")
    clock.forward(seconds=61)
    if name == "ana":
        assert begin(station, name, PASSWORD, "10.0.1.1").token
        with pytest.raises(NotLoggedIn):  # it starts from the beginning
            begin(station, name, "wrong", "10.0.1.1")
        assert begin(station, name, PASSWORD, "10.0.1.1").token


def test_an_address_is_locked_out_over_all_names(station, clock):
    add(station, "ana")
    for attempt in range(lockout.LIMITS[lockout.ADDRESS].free):
        with pytest.raises(NotLoggedIn):
            begin(station, f"name{attempt}", "wrong")
        if attempt % 4 == 0:
            begin(station, "ana")  # one's own log-in does not clear the address
    with pytest.raises(TooMany):
        begin(station, "ana")
    assert begin(station, "ana", address="10.0.0.9").token
    clock.forward(hours=25)
    assert begin(station, "ana").token


def test_a_right_log_in_locks_nobody_out(station, clock):
    """Before, each one began a new wait for all others of an address with many failures."""
    names = ("ana", "ben", "cleo")
    for name in names:
        add(station, name)
    for attempt in range(lockout.LIMITS[lockout.ADDRESS].free):
        with pytest.raises(NotLoggedIn):
            begin(station, f"name{attempt}", "wrong")
    clock.forward(seconds=31)
    for name in names * 2:
        assert begin(station, name).token
    with pytest.raises(NotLoggedIn):
        begin(station, "name", "wrong")
    with pytest.raises(TooMany, match="60 seconds"):  # the failures of the address still count
        begin(station, "ana")


def test_a_failure_is_forgotten_in_an_hour(station, clock):
    add(station, "ana")
    for attempt in range(100):  # one of an address mistypes now and then, and all log in
        with pytest.raises(NotLoggedIn):
            begin(station, f"name{attempt}", "wrong")
        clock.forward(minutes=59)
        begin(station, "ana")
        clock.forward(minutes=2)
    for attempt in range(lockout.LIMITS[lockout.ADDRESS].free - 1):
        with pytest.raises(NotLoggedIn):
            begin(station, f"other{attempt}", "wrong")
    begin(station, "ana")


def test_the_longest_wait_is_limited():
    limit = lockout.LIMITS[lockout.NAME]
    assert limit.wait(limit.free - 1) is None
    assert limit.wait(limit.free + 2) == timedelta(minutes=2)
    assert limit.wait(10_000) == timedelta(minutes=15)


def test_many_attempts_at_once_are_no_more_than_one_after_the_other(station):
    add(station, "ana")
    outcomes = []

    def attempt():
        try:
            begin(station, "ana", "wrong")
        except TjugoError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=attempt) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("log_in_failed") == lockout.LIMITS[lockout.NAME].free
    assert outcomes.count("too_many") == 12 - lockout.LIMITS[lockout.NAME].free


def test_a_hash_of_lower_cost_is_renewed(station):
    add(station, "ana")
    before = see(station, people.find, "ana").password
    passwords.use(passwords.Profile(passes=2, memory_kib=16, lanes=1))
    try:
        begin(station)
        after = see(station, people.find, "ana").password
        assert after != before and not passwords.outdated(after)
        assert begin(station).token
    finally:
        passwords.use(passwords.Profile(passes=1, memory_kib=8, lanes=1))


# Sessions


def test_a_session_ends_after_its_idle_time(station, clock):
    add(station, "ana")
    token = begin(station).token
    clock.forward(minutes=15)
    assert see(station, sessions.find, token, clock())
    clock.forward(seconds=1)
    assert see(station, sessions.find, token, clock()) is None


def test_use_prolongs_a_session_to_twelve_hours_at_most(station, clock):
    add(station, "ana")
    token = begin(station).token
    for _ in range(72):
        clock.forward(minutes=10)
        found = see(station, sessions.find, token, clock())
        assert found is not None and found.touch
        do(station, sessions.touch, found.session_hash)
    clock.forward(seconds=1)
    assert see(station, sessions.find, token, clock()) is None


def test_what_ends_sessions(station, clock):
    add(station, "ana")
    add(station, "ben", "cashier")

    def alive(token):
        return see(station, sessions.find, token, clock()) is not None

    one, two = begin(station, "ben").token, begin(station, "ben").token
    log_in.log_out(station, sessions.hash_of(one), "ben")
    assert (alive(one), alive(two)) == (False, True)
    keep = begin(station, "ben").token
    new = passwords.hashed("another-one-7")
    do(station, credentials.set_password, "ben", new, False, sessions.hash_of(keep))
    assert (alive(two), alive(keep)) == (False, True)
    do(station, people.set_active, "ben", False)
    assert not alive(keep)


# The second factor


def test_a_code_is_valid_once(station, clock):
    add(station, "ana")
    device, _ = add_factor(station, "ana")
    began = begin(station)
    assert began.stage == sessions.FACTOR
    code = device.at(clock())
    done = log_in.second_factor(station, began.token, code, HERE)
    assert done.token != began.token
    assert see(station, sessions.find, began.token, clock()) is None
    assert see(station, sessions.find, done.token, clock()).stage == sessions.OPEN
    again = begin(station)
    with pytest.raises(NotLoggedIn, match="used before"):
        log_in.second_factor(station, again.token, code, HERE)
    clock.forward(seconds=30)
    assert log_in.second_factor(station, again.token, device.at(clock()), HERE).token
    assert refusals(station)[-1].detail == "from 127.0.0.1: wrong code"


def test_codes_of_slow_and_fast_telephones(clock):
    secret = totp.new_secret()
    import pyotp

    now = int(clock().timestamp())
    for late, right in ((-60, False), (-30, True), (0, True), (30, True), (60, False)):
        code = pyotp.TOTP(secret).at(now + late)
        assert (totp.step_of(secret, code, now, None) is not None) == right
    assert totp.step_of(secret, "", now, None) is None
    assert totp.step_of(secret, "é12345", now, None) is None


def test_guesses_of_codes_lock_the_name_out(station, clock):
    add(station, "ana")
    add_factor(station, "ana")
    outcomes = []
    for _ in range(8):
        try:
            token = begin(station).token  # the right password does not reset the count
            log_in.second_factor(station, token, "000000", HERE)
        except TjugoError as error:
            outcomes.append(error.code)
    assert outcomes.count("code_wrong") == 5
    assert outcomes[-1] == "too_many"


def test_the_time_for_the_second_factor(station, clock):
    add(station, "ana")
    device, _ = add_factor(station, "ana")
    token = begin(station).token
    clock.forward(minutes=5, seconds=1)
    with pytest.raises(NotLoggedIn, match="took too long"):
        log_in.second_factor(station, token, device.at(clock()), HERE)


def test_recovery_codes_are_used_once(station):
    add(station, "ana")
    _, codes = add_factor(station, "ana")
    assert len(set(codes)) == totp.CODES and see(station, credentials.codes_left, "ana") == 10
    token = begin(station).token
    assert log_in.second_factor(station, token, codes[3].upper().replace("-", " "), HERE).token
    assert see(station, credentials.codes_left, "ana") == 9
    token = begin(station).token
    with pytest.raises(NotLoggedIn):
        log_in.second_factor(station, token, codes[3], HERE)
    new = do(station, credentials.new_recovery_codes, "ana")
    for code, right in ((codes[4], False), (new[0], True)):
        token = begin(station).token
        if right:
            assert log_in.second_factor(station, token, code, HERE).token
        else:
            with pytest.raises(NotLoggedIn):
                log_in.second_factor(station, token, code, HERE)


def test_a_reset_of_the_second_factor(station):
    add(station, "ana")
    add_factor(station, "ana")
    do(station, credentials.reset_factor, "ana")
    assert begin(station).stage == sessions.OPEN
    assert see(station, credentials.codes_left, "ana") == 0


def test_the_database_alone_gives_no_codes(station, clock):
    add(station, "ana")
    device, codes = add_factor(station, "ana")
    with station.view() as view:
        view.session.connection().exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    content = station.path.read_bytes()
    for secret in (device.secret, *codes, *(code.replace("-", "") for code in codes)):
        assert secret.encode() not in content
    key = station.state_dir / "people.key"
    assert key.stat().st_mode & 0o777 == 0o600
    key.rename(station.state_dir / "away")
    token = begin(station).token
    with pytest.raises(Unavailable, match="recovery code"):
        log_in.second_factor(station, token, device.at(clock()), HERE)
    assert log_in.second_factor(station, token, codes[0], HERE).token


def test_a_missing_key_is_not_replaced_while_secrets_need_it(station):
    """A second machine without people.key made one of its own, and both refused people."""
    add(station, "ana")
    add(station, "ben")
    add_factor(station, "ana")
    key = station.state_dir / "people.key"
    key.rename(station.state_dir / "away")
    with pytest.raises(Unavailable, match="copy it from the machine where it was made"):
        add_factor(station, "ben")
    assert not key.exists()
    do(station, credentials.reset_factor, "ana")
    add_factor(station, "ben")
    assert key.exists()


def test_a_secret_of_one_operator_is_not_anothers(station):
    vault = totp.Vault(station.state_dir)
    sealed = see(station, vault.seal, "ana", "SECRET")
    assert vault.open("ana", sealed) == "SECRET"
    with pytest.raises(Unavailable):
        vault.open("ben", sealed)


# API clients


def test_a_key_is_shown_once_and_kept_as_a_hash(station):
    key = do(station, clients.add, "shop", "Shop", ["sell"])
    assert key.startswith("tjk_") and len(key) > 40
    with station.view() as view:
        view.session.connection().exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    assert key.encode() not in station.path.read_bytes()
    person = see(station, clients.of_key, key, "10.0.0.1")
    assert (person.actor, person.role) == ("api:shop", "client")
    assert person.may("sales.sell") and not person.may("customers.edit")
    renewed = do(station, clients.renew, "shop")
    assert see(station, clients.of_key, key, "10.0.0.1") is None
    assert see(station, clients.of_key, renewed, "10.0.0.1")
    do(station, clients.set_active, "shop", False)
    assert see(station, clients.of_key, renewed, "10.0.0.1") is None


@pytest.mark.parametrize(
    ("address", "permitted"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("10.2.0.1", False),
        ("192.168.7.9", True),
        ("192.168.7.10", False),
        ("2001:db8::5", True),
        ("testclient", False),
    ],
)
def test_permitted_addresses(station, address, permitted):
    networks = ["10.1.0.0/16", "192.168.7.9", "2001:db8::/32"]
    key = do(station, clients.add, "shop", "Shop", ["read"], networks)
    assert (see(station, clients.of_key, key, address) is not None) == permitted


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("x", "X", ["read"]), "2 to 40"),
        (("shop", "", ["read"]), "name of 1 to 100"),
        (("shop", "Shop", []), "A client has a scope"),
        (("shop", "Shop", ["all"]), "no scope 'all'"),
        (("shop", "Shop", ["read"], ["10.1.2.3/16"]), "not an address or network"),
    ],
)
def test_bad_clients(station, given, words):
    with pytest.raises(TjugoError, match=words):
        do(station, clients.add, *given)
    assert see(station, clients.clients) == []


# Approvals


@pytest.fixture
def action(monkeypatch):
    """Return the payloads for which an action of the tests was carried out."""
    done = []
    made = approvals.Action("test.do", lambda work, payload: done.append(payload), "sales.void")
    monkeypatch.setitem(approvals.ACTIONS, "test.do", made)
    return done


def ask(station, actor="op:ana"):
    with station.work(actor) as work:
        return approvals.ask(work, "test.do", "meter 1", {"units": 5})


def decide(station, approval, actor="op:ben", approve=True, person=None):
    with station.work(actor) as work:
        return approvals.decide(work, approval, approve, "seen", person)


def test_another_person_approves(station, action):
    approval = ask(station)
    assert action == []
    with pytest.raises(NotPermitted, match="Another person must decide"):
        decide(station, approval, "op:ana")
    with pytest.raises(NotPermitted, match="Another person must decide"):
        decide(station, approval, "cli:ana")  # the same person at the command line
    assert decide(station, approval).state == "approved"
    assert action == [{"units": 5}]
    with pytest.raises(Conflict, match="This request is approved"):
        decide(station, approval)
    assert action == [{"units": 5}]
    assert see(station, approvals.approvals) == []


def test_a_refusal_does_nothing(station, action):
    approval = ask(station)
    row = decide(station, approval, approve=False)
    assert (row.state, row.checker, row.note) == ("refused", "op:ben", "seen")
    assert action == []


def test_the_checker_has_the_permission_of_the_action(station, action):
    approval = ask(station)
    cashier = permissions.visitor("cashier", "op:ben", "Ben")
    with pytest.raises(NotPermitted, match="may not void"):
        decide(station, approval, person=cashier)
    assert decide(station, approval, person=permissions.visitor("supervisor", "op:ben", "Ben"))


def test_a_request_expires(station, action, clock):
    approval = ask(station)
    approvals.expire_due(station)
    clock.forward(days=7, seconds=1)
    with pytest.raises(Conflict, match="This request is expired"):
        decide(station, approval)
    approvals.expire_due(station)
    approvals.expire_due(station)  # is recorded once
    assert see(station, approvals.approvals) == [] and action == []
    (row,) = see(station, approvals.approvals, approvals.EXPIRED)
    assert (row.approval, row.checker, row.decided_at) == (approval, None, "2026-11-29T12:00:01Z")
    last = see(station, lambda view: list(chain.events(view)))[-2:]
    assert [(e.actor, e.action, e.detail.partition(",")[0]) for e in last] == [
        ("op:ana", "test.do", "asked for"),
        ("station", "test.do", "expired"),
    ]


def test_the_time_until_a_request_expires_is_a_setting(station, action, clock):
    do(station, settings.put, "approval_days", "30")
    ask(station)
    clock.forward(days=29)
    approvals.expire_due(station)
    assert len(see(station, approvals.approvals)) == 1
    do(station, settings.put, "approval_days", "28.5")
    assert do(station, approvals.expire) == 1


def test_an_action_that_fails_leaves_the_request_waiting(station, monkeypatch):
    def fail(work, payload):
        raise Unavailable("The keys are locked.")

    monkeypatch.setitem(approvals.ACTIONS, "test.do", approvals.Action("test.do", fail))
    approval = ask(station)
    with pytest.raises(Unavailable):
        decide(station, approval)
    assert [row.state for row in see(station, approvals.approvals)] == ["waiting"]


def test_unknown_approvals_and_actions(station):
    with pytest.raises(NotFound):
        decide(station, "none")
    with pytest.raises(ValueError, match="no such"), station.work("op:a") as work:
        approvals.ask(work, "no such", "x", {})
    with pytest.raises(ValueError, match="registered already"):
        approvals.register(approvals.Action("test.x", fail_always))
        approvals.register(approvals.Action("test.x", fail_always, "sales.void"))
    del approvals.ACTIONS["test.x"]


def fail_always(work, payload):
    raise AssertionError(payload)


def test_everything_is_in_the_chain(station):
    add_each_role(station)
    begin(station, "cashier")
    count, wrong = see(station, chain.verify)
    assert count >= len(ROLES) + 1 and wrong == []
