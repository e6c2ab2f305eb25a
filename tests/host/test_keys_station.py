"""A station with sealed vending keys: locked, unlocked, and watched."""

from datetime import timedelta
from decimal import Decimal

import pytest
from keys_kit import KEY, PASSPHRASE, cheap, sealed_station  # noqa: F401
from starlette.testclient import TestClient
from station_kit import NOON, Clock, drn, see

from tjugo import key_file
from tjugo.errors import TjugoError, Unavailable
from tjugo.key_register import VendingKey
from tjugo.station.audit import chain
from tjugo.station.health.views import health
from tjugo.station.keys import attempts, service, store, views
from tjugo.station.keys.backend import SoftBackend
from tjugo.station.station import Station
from tjugo.station.storage.tables import VendRequest
from tjugo.station.vending.vend import sell
from tjugo.web.app import create_app

pytestmark = pytest.mark.usefixtures("cheap")
ONE = Decimal(1)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def station(tmp_path, clock):
    with sealed_station(tmp_path / "s", clock) as opened:
        yield opened


@pytest.fixture
def client(station):
    with TestClient(create_app(station), base_url="http://localhost") as opened:
        yield opened


def events(station):
    return [
        (event.actor, event.action, event.outcome, event.detail)
        for event in see(station, lambda view: list(chain.events(view)))
        if event.action.startswith("keys.")
    ]


def test_locked_keys_refuse_a_sale_and_nothing_is_recorded(station):
    with pytest.raises(Unavailable) as caught:
        sell(station, "till", "sale-1", drn(1), ONE)
    assert caught.value.code == "keys_locked" and "supervisor" in caught.value.message
    assert see(station, lambda view: view.session.query(VendRequest).count()) == 0
    service.unlock(station, "op:ada", PASSPHRASE)
    assert sell(station, "till", "sale-1", drn(1), ONE).digits


@pytest.mark.parametrize("secret", [PASSPHRASE, KEY])
def test_unlocking_and_locking_are_on_record(station, secret):
    service.unlock(station, "op:ada", secret)
    first = sell(station, "till", "a", drn(1), ONE).digits
    service.lock(station, "op:ben")
    assert station.backend.locked and station.backend.fetch_token_result("a") is None
    with pytest.raises(Unavailable):
        sell(station, "till", "b", drn(1), ONE)
    assert sell(station, "till", "a", drn(1), ONE).digits == first  # made before
    way = "unlock by passphrase" if secret == PASSPHRASE else "unlock by key file"
    assert events(station) == [
        ("op:ada", "keys.unlock", "done", way),
        ("op:ben", "keys.unlock", "done", "lock"),
    ]


def test_wrong_passphrases_wait_longer_each_time(station, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(station.backend._attempts, "_monotonic", lambda: now[0])
    waits = []
    for _ in range(10):
        with pytest.raises(TjugoError) as caught:
            service.unlock(station, "web", "wrong passphrase")
        assert caught.value.code == "unlock_refused"
        begun = now[0]
        while True:
            with pytest.raises(TjugoError) as caught:
                station.backend.unlock(PASSPHRASE if now[0] == begun else "wrong passphrase")
            if caught.value.code == "unlock_refused":
                break
            now[0] += 1
        waits.append(now[0] - begun)
        now[0] += attempts.MOST_S
    assert waits[:3] == [2, 8, 32] and waits[-1] == attempts.MOST_S
    assert events(station)[0] == (
        "web",
        "keys.unlock",
        "refused",
        "unlock by passphrase: unlock_refused",
    )
    service.unlock(station, "web", PASSPHRASE)
    assert station.backend._attempts._wrong == 0


def test_meters_are_registered_while_the_keys_are_locked(station):
    register = station.backend.vending_register(123457, 2, 1)
    assert register.dkga == "04" and register.kcv and not hasattr(register, "vk")
    assert station.backend.locked  # and sealed_station() has added meters


def test_keys_that_another_program_changes_are_used(station):
    service.unlock(station, "test", KEY)
    path = station.state_dir / "vending_keys.json"
    store.add_keys(path, [VendingKey(sgc=77, vk="a0" * 20)], station.backend.data_key())
    assert station.backend.vending_register(77, 2, 1).kcv
    assert not station.backend.locked
    store.seal(path, [PASSPHRASE], station.backend.data_key())  # the same keys: sales go on
    assert sell(station, "till", "a", drn(1), ONE).digits
    service.lock(station, "test")
    service.unlock(station, "test", PASSPHRASE)
    assert sell(station, "till", "b", drn(1), ONE).digits


def test_other_keys_under_another_secret_lock_the_station(station):
    service.unlock(station, "test", KEY)
    path = station.state_dir / "vending_keys.json"
    data_key = station.backend.data_key()
    store.seal(path, [PASSPHRASE], data_key)
    new = key_file.read(path).sealed.data_key(PASSPHRASE)
    store.add_keys(path, [VendingKey(sgc=77, vk="a0" * 20)], new)
    with pytest.raises(Unavailable) as caught:
        sell(station, "till", "a", drn(1), ONE)
    assert caught.value.code == "keys_locked"


def test_a_station_that_runs_while_its_keys_are_sealed_goes_on(tmp_path, clock):
    with Station.create(tmp_path / "s", clock=clock) as station:
        store.seal(station.state_dir / "vending_keys.json", [PASSPHRASE])
        assert not station.backend.locked and station.backend.sealed is not None
        assert station.backend.decoder_key
        service.lock(station, "test")
        assert station.backend.locked


def test_keys_that_are_not_sealed_cannot_be_locked(tmp_path, clock):
    with Station.create(tmp_path / "s", clock=clock) as station:
        with pytest.raises(TjugoError, match="not sealed"):
            service.lock(station, "test")
        assert not station.backend.locked


def test_an_interrupted_sealing_is_completed_at_the_next_start(tmp_path, clock):
    Station.create(tmp_path / "s", clock=clock).close()
    path = tmp_path / "s" / "vending_keys.json"
    secret = key_file.load_keys(path)[1].vk
    store.plain_copy(path).hardlink_to(path)
    Station.open(tmp_path / "s").close()
    assert key_file.load_keys(path) and not store.plain_copy(path).exists()
    left = path.read_bytes()
    store.seal(path, [PASSPHRASE])
    store.plain_copy(path).write_bytes(left)
    with store.plain_copy(path).open("rb") as old:
        Station.open(tmp_path / "s").close()
        assert secret.encode() not in old.read()
    assert not store.plain_copy(path).exists()


def test_a_locked_station_shows_its_pages(client):
    for page in ("/sales", "/meters", "/customers", "/keys", "/unlock"):
        found = client.get(page, headers={"accept": "text/html"})
        assert found.status_code == 200
    assert 'data-testid="keys-locked"' in client.get("/sales").text
    refused = client.put("/api/v1/vends/a1", json={"drn": drn(1), "kwh": 1})
    assert (refused.status_code, refused.json()["code"]) == (503, "keys_locked")
    form = {"drn": drn(1), "kwh": "1", "client_id": "p1"}
    page = client.post("/sales", data=form)
    assert page.status_code == 503 and "keys are locked" in page.text


def test_the_page_unlocks(client, station):
    wrong = client.post("/unlock", data={"passphrase": "wrong secret"})
    assert wrong.status_code == 400 and "does not open" in wrong.text
    assert "wrong secret" not in wrong.text
    early = client.post("/unlock", data={"passphrase": PASSPHRASE})
    assert early.status_code == 503 and "wait" in early.text
    station.backend._attempts.count(True)
    done = client.post("/unlock", data={"passphrase": PASSPHRASE}, follow_redirects=False)
    assert (done.status_code, done.headers["location"]) == (303, "/keys")
    assert "keys-locked" not in client.get("/sales").text
    page = client.get("/keys").text
    for key in station.backend.registers():
        assert key.kcv in page
    assert not any(vk in page for vk in secrets_of(station))
    assert client.post("/keys", follow_redirects=False).status_code == 303
    assert station.backend.locked


def test_the_api_unlocks_and_locks(client, station):
    found = client.get("/api/v1/keys").json()
    assert (found["sealed"], found["locked"]) == (True, True)
    assert [key["sgc"] for key in found["keys"]] == ["123456", "123457"]
    wrong = client.post("/api/v1/keys/unlock", json={"passphrase": "wrong secret"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "unlock_refused")
    station.backend._attempts.count(True)
    answer = client.post("/api/v1/keys/unlock", json={"passphrase": PASSPHRASE})
    assert answer.json()["locked"] is False
    assert not any(vk in answer.text for vk in secrets_of(station))
    assert client.post("/api/v1/keys/lock").json()["locked"] is True
    bad = client.post("/api/v1/keys/unlock", json={"passphrase": 1234567})
    assert bad.status_code == 422 and "1234567" not in bad.text


def secrets_of(station):
    return [key.vk for key in key_file.load_keys(station.state_dir / "vending_keys.json", KEY)]


def with_keys(tmp_path, clock, *keys):
    station = Station.create(tmp_path / "k", clock=clock)
    path = station.state_dir / "vending_keys.json"
    store.add_keys(path, keys)
    return station


@pytest.mark.parametrize(
    ("terms", "state", "words"),
    [
        ({}, "active", ()),
        ({"active_from": "2026-11-23"}, "not_active", ("not in use before",)),
        ({"issue_until": "2026-11-21"}, "ended", ("was permitted until",)),
        ({"issue_until": "2026-12-22"}, "active", ("until 2026-12-22 only",)),
        ({"issue_until": "2026-12-23"}, "active", ()),
        ({"limit_tenths": 0}, "limit_reached", ("0 of 0 kWh",)),
        ({"ken": 104}, "active", ("key expiry number",)),
        ({"bdt": 93}, "active", ("base date 93 has ended",)),
        ({"bdt": 35}, "active", ("base date 35 is to come",)),
    ],
)
def test_what_needs_attention_is_said(tmp_path, clock, terms, state, words):
    with with_keys(tmp_path, clock, VendingKey(sgc=77, vk="a0" * 20, **terms)) as station:
        found = see(station, views.keys, station.backend, NOON)
        (row,) = [key for key in found.keys if key.sgc == "000077"]
        assert row.state == state
        assert len(row.warnings) == len(words)
        assert all(word in said for word, said in zip(words, row.warnings, strict=True))
        problems = health(station, NOON + timedelta(0)).problems
        assert views.UNSEALED in problems
        assert set(row.warnings) <= set(problems)


def test_the_limit_is_announced_before_it_is_reached(tmp_path, clock):
    from tjugo.station.keys import use

    key = VendingKey(sgc=77, vk="a0" * 20, limit_tenths=1000)
    with with_keys(tmp_path, clock, key) as station:
        for tenths, count in ((899, 0), (1, 1)):
            with station.work("test") as work:
                use.check_and_count(work, [((77, 1, 2), tenths)])
            row = see(station, views.keys, station.backend, NOON).keys[0]
            assert len(row.warnings) == count
        assert "90 of 100 kWh" in row.warnings[0].replace(".0", "")


def test_sample_keys_may_be_unsealed(tmp_path, clock):
    with Station.create(tmp_path / "s", clock=clock) as station:
        assert see(station, views.problems, station.backend, NOON) == []
    with sealed_station(tmp_path / "t") as station:
        assert see(station, views.problems, station.backend, NOON) == [views.LOCKED]


def test_a_sealed_back_end_is_loaded_locked(station):
    again = SoftBackend.load(station.state_dir / "vending_keys.json")
    assert again.locked and again.registers() == station.backend.registers()
