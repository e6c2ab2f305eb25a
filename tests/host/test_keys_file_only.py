"""Vending keys that a key file alone opens, as `[station] key_file` of a set-up makes them."""

import re
import subprocess

import people_kit
import pytest
from cli_kit import Shell
from keys_kit import KEY, PASSPHRASE, cheap, sealed_station  # noqa: F401
from starlette.testclient import TestClient
from station_kit import PYTHON, Clock, do, drn, environment, see

from tjugo.errors import Conflict, TjugoError
from tjugo.station.audit import chain
from tjugo.station.health import checks
from tjugo.station.health.views import health
from tjugo.station.keys import service, store, views
from tjugo.station.registry.meters import NewMeter, add_meter
from tjugo.station.setup.service import set_up
from tjugo.station.tills import shifts, vendors
from tjugo.web.app import create_app
from tjugo.web.marks import marked

pytestmark = pytest.mark.usefixtures("cheap")


@pytest.fixture
def station(tmp_path):
    with set_up(tmp_path / "s", clock=Clock(), keys_opened_by=(KEY,)) as made:
        with made.work("test") as work:
            add_meter(work, NewMeter(drn(1)))
        yield made


@pytest.fixture
def client(station):
    with TestClient(create_app(station), base_url="http://localhost") as opened:
        yield opened


def test_locking_is_refused_as_only_a_start_could_unlock(client, station):
    service.unlock(station, "test", KEY)
    with pytest.raises(Conflict, match="tjugo key seal") as caught:
        service.lock(station, "op:ben")
    assert caught.value.code == "lock_refused" and not station.backend.locked
    refused = client.post("/api/v1/keys/lock")
    assert (refused.status_code, refused.json()["code"]) == (409, "lock_refused")
    page = client.post("/keys")
    assert page.status_code == 409 and "Nothing was locked" in page.text
    assert client.put("/api/v1/vends/a", json={"drn": drn(1), "kwh": 1}).status_code == 200
    events = see(station, lambda view: list(chain.events(view)))
    refusals = [event for event in events if event.outcome == chain.REFUSED]
    assert (refusals[0].actor, refusals[0].action, refusals[0].detail) == (
        "op:ben",
        "keys.unlock",
        "lock: lock_refused",
    )
    assert len(refusals) == 3
    shown = client.get("/keys").text
    assert "Lock the keys" not in shown and 'data-testid="no-passphrase"' in shown


def test_the_page_of_unlocking_names_the_locks_and_what_to_do(client, station):
    page = client.get("/unlock").text
    assert "opened by: key file." in page and "--key-file" in page and "tjugo key seal" in page
    assert 'name="passphrase"' not in page
    for text in (PASSPHRASE, KEY.hex()):
        wrong = client.post("/api/v1/keys/unlock", json={"passphrase": text})
        assert (wrong.status_code, wrong.json()["code"]) == (400, "unlock_refused")
        assert "no passphrase" in wrong.json()["error"]
    service.unlock(station, "test", KEY)  # nothing has to wait: that was no attempt


def test_the_warning_of_locked_keys_names_no_page_that_cannot_unlock(station):
    locked = [one for one in health(station, Clock()()).problems if "are locked" in one]
    assert locked and "--key-file" in locked[0] and "/unlock" not in locked[0]


def test_nobody_is_sent_to_a_person_who_cannot_unlock(station):
    people_kit.add(station, "root")
    for role in ("cashier", "supervisor"):
        people_kit.add(station, role, role)
    do(station, vendors.ensure_default)
    do(station, shifts.open_shift, "op:cashier", "main", 0)
    with people_kit.client(station) as web:
        people_kit.log_in(web, "cashier")
        page = web.get("/sales").text
        banner = re.search('data-testid="keys-locked">(.*)</p>', page).group(1)
        assert "start it with the key file" in banner and "supervisor" not in banner
        refused = people_kit.post(web, "/sales", client_id="a", drn=drn(1), money="5").text
        assert "start it with the key file" in refused and "Ask a supervisor" not in refused
        people_kit.log_in(web, "supervisor")
        banner = re.search('data-testid="keys-locked">(.*)</p>', web.get("/sales").text).group(1)
        assert "Unlock them" not in banner and '<a href="/unlock">How</a>' in banner
        assert ">Unlock</a>" not in web.get("/keys").text


def test_the_start_says_what_unlocks(station):
    options = ["station", "--port", "0", "--state", str(station.state_dir)]
    process = subprocess.Popen(
        [PYTHON, "-m", "tjugo", *options],
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
    )
    said = process.stderr.readline()
    process.terminate()
    process.communicate(timeout=20)
    assert "only their key file opens them" in said and "/unlock" not in said


def test_the_doctor_names_the_key_file(station):
    found = see(station, views.keys, station.backend, Clock()())
    assert checks.keys(found, sample=False)[0].sentence == (
        "They are sealed; only their key file opens them, at each start (no key file is given)."
    )


def test_a_passphrase_that_is_added_allows_locking(station):
    service.unlock(station, "test", KEY)
    path = station.state_dir / "vending_keys.json"
    store.seal(path, [KEY, PASSPHRASE], station.backend.data_key())
    service.lock(station, "op:ben")
    assert station.backend.locked
    service.unlock(station, "op:ben", PASSPHRASE)
    assert not station.backend.locked


def test_the_command_of_the_sentence_adds_a_passphrase(station, tmp_path, monkeypatch, capsys):
    file, new = tmp_path / "keys", tmp_path / "new"
    for path, text in ((file, KEY.hex()), (new, PASSPHRASE)):
        path.write_text(text + "\n")
        path.chmod(0o600)
    options = ["--key-file", file, "--with-key-file", file, "--passphrase-file", new]
    done = Shell(station.state_dir, monkeypatch, capsys).run("key", "seal", *map(str, options))
    assert done.status == 0, done.err
    service.unlock(station, "test", KEY)
    service.lock(station, "test")
    service.unlock(station, "test", PASSPHRASE)


def test_both_locks_are_named(tmp_path):
    with (
        sealed_station(tmp_path / "t") as station,
        TestClient(create_app(station), base_url="http://localhost") as web,
    ):
        page = web.get("/unlock").text
        assert "opened by: passphrase or key file." in page and 'name="passphrase"' in page
        with pytest.raises(TjugoError, match="does not open"):
            service.unlock(station, "test", "wrong passphrase")


def test_commands_in_sentences_are_shown_as_code(client, station):
    locked = client.get("/unlock").text
    service.unlock(station, "test", KEY)
    refused = client.post("/keys").text
    for page in (locked, client.get("/keys").text, refused):
        assert "`" not in page and "<code>tjugo key seal" in page
    assert marked("`<b>` & `x") == "<code>&lt;b&gt;</code> &amp; `x"
