"""What `tjugo status` says about a sealed station: what its running server has."""

import json
import os
import signal

import pytest
from cli_kit import Shell
from keys_kit import KEY, PASSPHRASE, cheap, sealed_station  # noqa: F401
from station_kit import Clock, served

from tjugo.paths import SERVERS
from tjugo.station import serving
from tjugo.station.keys import service, store
from tjugo.station.setup.service import set_up

pytestmark = pytest.mark.usefixtures("cheap")

LOCKED = "The vending keys are locked"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "keys"
    path.write_text(KEY.hex() + "\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def state(tmp_path):
    """Return the folder of a station whose keys a key file alone opens, as `[station] key_file`
    makes it."""
    set_up(tmp_path / "s", clock=Clock(), keys_opened_by=(KEY,)).close()
    return tmp_path / "s"


def ask(shell, *options):
    """Return what status says of the keys, and of the servers."""
    found = json.loads(shell.run("status", "--json", *options).out)
    locked = [one for one in found["problems"] if LOCKED in one]
    return bool(locked), [one["keys_locked"] for one in found["servers"]]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_status_is_that_of_the_server(state, file, workers, monkeypatch, capsys):
    shell = Shell(state, monkeypatch, capsys)
    with served(state, "--key-file", str(file), "--workers", workers):
        assert ask(shell) == (False, [False])
        assert ", vending keys open" in shell.run("status").out
    assert ask(shell) == (True, [])
    with served(state, "--locked"):
        # The key file would open them, but the server does not have them open.
        assert ask(shell, "--key-file", str(file)) == (True, [True])


def test_without_a_server_the_key_file_is_tried(state, file, monkeypatch, capsys):
    shell = Shell(state, monkeypatch, capsys)
    assert ask(shell, "--key-file", str(file)) == (False, [])
    monkeypatch.setenv("TJUGO_KEY_FILE", str(file))
    assert ask(shell) == (False, [])
    file.write_text(bytes(32).hex())
    assert "does not open" in shell.run("status").err


def test_a_server_tells_when_its_keys_are_locked_or_unlocked(tmp_path):
    with sealed_station(tmp_path / "t") as station:
        folder = station.state_dir
        with serving.during(folder, station.backend):
            assert serving.servers(folder) == (serving.Server(os.getpid(), True),)
            service.unlock(station, "test", PASSPHRASE)
            assert serving.servers(folder) == (serving.Server(os.getpid(), False),)
            store.seal(folder / "vending_keys.json", [PASSPHRASE], station.backend.data_key())
            assert not station.backend.locked
            service.lock(station, "test")
            assert serving.servers(folder) == (serving.Server(os.getpid(), True),)
        assert serving.servers(folder) == ()
        service.unlock(station, "test", PASSPHRASE)
        assert not list((folder / SERVERS).iterdir())


def test_a_server_that_was_killed_does_not_run(state):
    with served(state):
        (running,) = serving.servers(state)
        os.kill(running.pid, signal.SIGKILL)
    assert serving.servers(state) == ()
    assert [one.name for one in (state / SERVERS).iterdir()] == [str(running.pid)]
    with served(state):
        (another,) = serving.servers(state)
        assert [one.name for one in (state / SERVERS).iterdir()] == [str(another.pid)]
