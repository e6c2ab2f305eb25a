"""Deployment over the serial port: changed files only, settings kept, recovery after a failure."""

import json

import pytest
from meter_board import DRN
from modbus_client import ModbusClient

from tjugo.commands import main as cli
from tjugo.device import deploy, provisioning, targets
from tjugo.device.console import Console
from tjugo.device.load import Load, manifest
from tjugo.device.on_board import files as on_board
from tjugo.device.remote import Remote
from tjugo.emulated import qemu_flash
from tjugo.emulated.qemu import QemuBoard
from tjugo.errors import TjugoError
from tjugo.station.registry.meters import NewMeter, add_meter
from tjugo.station.station import Station

pytestmark = pytest.mark.long

QEMU = targets.target("qemu_mps2")
OTHER = {"drn": "01000000024", "address": 1}


@pytest.fixture
def deployed(own_board):
    """Return a board deployed as a meter; its flash is made on the host, which is faster."""
    own_board.stop()
    files = targets.files(QEMU, "meter")
    there = manifest(Load(files, b"", 0, ""), QEMU.name, "meter")
    qemu_flash.write_image(own_board.flash, {**files, on_board.MANIFEST: there})
    own_board.start()
    return own_board


def tjugo(*words):
    """Run the command and return its exit status."""
    with pytest.raises(SystemExit) as ended:
        cli.main(list(words))
    return ended.value.code


def run(board, role="meter"):
    words = ["--board", QEMU.name, "--role", role, "--port", board.port]
    return tjugo("deploy", *words, "--files")


@pytest.fixture
def state(tmp_path):
    folder = tmp_path / "state"
    with Station.create(folder) as station, station.work("test") as work:
        add_meter(work, NewMeter(DRN))
    return folder


def test_the_second_time_nothing_is_copied(own_board, capsys):
    files = targets.files(QEMU, "meter")
    assert run(own_board) == 0
    output = capsys.readouterr().out
    assert f"/{len(files)}  main.py" in output
    assert "qemu_mps2: meter" in output and "ledger      ok" in output
    assert "wrong or missing" in output  # the preset only
    with Remote(own_board.port) as remote:
        assert remote.get("settings.json") == targets.preset(QEMU, "meter")
    assert run(own_board) == 0
    output = capsys.readouterr().out
    assert f"Nothing to copy: the board has all {len(files)} files" in output
    assert "lib/" not in output


def test_provisioning_and_a_changed_file(deployed, state, capsys):
    arguments = [deployed.port, "--drn", DRN, "--address", "3", "--state", str(state)]
    assert tjugo("provision", *arguments) == 0
    said = capsys.readouterr().out
    assert "settings    ok" in said
    with Remote(deployed.port) as remote:
        settings = json.loads(remote.get("settings.json"))
        assert (settings["drn"], settings["address"]) == (DRN, 3)
        assert settings["key"] not in said
        remote.write("lib/meter/app.mpy", b"damaged")
    assert run(deployed) == 0
    said = capsys.readouterr().out
    assert "1/1  lib/meter/app.mpy" in said and "settings    ok" in said
    with Remote(deployed.port) as remote:
        assert json.loads(remote.get("settings.json")) == settings


def test_a_board_is_not_made_another_meter_by_mistake(deployed, state, capsys):
    with Remote(deployed.port) as remote:
        provisioning.provision(provisioning.RemoteBoard(remote), OTHER)
    arguments = [deployed.port, "--drn", DRN, "--state", str(state)]
    assert tjugo("provision", *arguments) == 1
    assert "This board is meter 01000000024" in capsys.readouterr().err
    assert tjugo("provision", *arguments, "--replace") == 0


def test_a_collector_without_settings_waits_for_them(own_board, tmp_path, capsys):
    own_board.stop()
    qemu_flash.write_image(own_board.flash, targets.files(QEMU, "collector"))
    own_board.start()
    with Console(own_board.port) as console:
        while "safe" not in (output := console.wait_for("selftest", 30)):
            assert output["settings"].startswith("settings: id must")
    settings = {"id": "c1", "broker": {"host": "b"}, "meters": [{"address": 1, "drn": DRN}]}
    (tmp_path / "more.json").write_text(json.dumps(settings))
    assert tjugo("provision", own_board.port, "--merge", str(tmp_path / "more.json")) == 0
    said = capsys.readouterr().out
    assert "collector" in said and "settings    ok" in said and "safe" not in said


def test_a_board_changes_its_role(deployed):
    run(deployed, "collector")
    deployed.kill()
    there = set(qemu_flash.read_image(deployed.flash))
    wanted = set(targets.files(QEMU, "collector"))
    assert wanted <= there
    assert not [name for name in there - wanted if name.startswith("lib/")]


def test_a_power_cut_while_copying(deployed, monkeypatch):
    """Check that the board waits in safe mode and the next deployment completes."""
    copied = []

    def cut(remote, name, content, write=Remote.write):
        if len(copied) == 5:
            deployed.kill()
        copied.append(name)
        write(remote, name, content)

    with monkeypatch.context() as patch:
        patch.setattr(Remote, "write", cut)
        assert run(deployed, "collector") == 1
    deployed.start()
    with Console(deployed.port) as console:
        assert console.wait_for("selftest", 20)["safe"] == "update"
    assert run(deployed, "collector") == 0
    deployed.kill()
    names = {*targets.files(QEMU, "collector"), on_board.MANIFEST, on_board.SETTINGS}
    there = set(qemu_flash.read_image(deployed.flash))
    assert there.isdisjoint({on_board.HOLD, on_board.JOURNAL})
    assert names <= there
    # Of what was deployed: the application may be killed while it writes a file of its own.
    assert there.isdisjoint({name + end for name in names for end in (".new", ".old")})


def test_what_cannot_be_deployed(own_board, capsys):
    assert tjugo("deploy", "--board", "none", "--role", "meter", "--port", "x") == 2
    assert tjugo("deploy", "--board", "qemu_mps2", "--role", "lamp", "--port", "x") == 2
    other = ["--board", "rp2040_pico", "--role", "meter", "--port", own_board.port]
    assert tjugo("deploy", *other) == 1
    said = capsys.readouterr().err.splitlines()
    assert ", only " in said[0] and ", only " in said[1]
    assert said[2].startswith("rp2040_pico has MicroPython for rp2; on ")


SAFE = b"""
import json
print(json.dumps({"selftest": {"role": "meter", "board": "qemu_mps2", "version": "2", "free": 1,
    "safe": "crash", "last_crash": "ValueError"}}))
"""


@pytest.mark.parametrize(
    "main", [SAFE, pytest.param(b"raise ValueError('no start')", marks=pytest.mark.long)]
)
def test_files_that_do_not_start_well_are_rolled_back(deployed, monkeypatch, capsys, main):
    files = targets.files(QEMU, "meter")
    with Remote(deployed.port) as remote:
        remote.write(on_board.SETTINGS, b'{"pulses": 1}')
    bad = {**files, targets.MAIN: main, "lib/meter/extra.mpy": b"new"}
    bad.pop("lib/meter/app.mpy")
    monkeypatch.setattr(targets, "files", lambda *_: bad)
    assert run(deployed) == 1
    assert "The preceding files are restored." in capsys.readouterr().err
    deployed.kill()
    there = qemu_flash.read_image(deployed.flash)
    assert {name: there.get(name) for name in files} == files
    assert set(there) - set(files) <= {on_board.SETTINGS, on_board.MANIFEST, "store.json"}


def test_a_damaged_byte_replaces_nothing(deployed, monkeypatch, capsys):
    files = targets.files(QEMU, "meter")

    def damaged(remote, name, content, write=Remote.write):
        write(remote, name, content[:-1] + bytes([content[-1] ^ 1]))

    with monkeypatch.context() as patch:
        patch.setattr(Remote, "write", damaged)
        patch.setattr(targets, "files", lambda *_: {**files, "lib/new.mpy": b"new"})
        assert run(deployed) == 1
    assert "Damaged on the way to the board: " in capsys.readouterr().err
    deployed.kill()
    there = qemu_flash.read_image(deployed.flash)
    assert {name: there.get(name) for name in files} == files
    assert not [name for name in there if "new" in name or name == on_board.HOLD]


def test_a_full_flash_is_said(emulator, tmp_path):
    filler = {"filler": bytes(qemu_flash.FLASH_BYTES - 64 * 1024)}
    qemu_flash.write_image(tmp_path / "flash", filler)
    with QemuBoard(emulator, tmp_path / "flash") as board:
        with pytest.raises(TjugoError, match="flash is full"):
            deploy.deploy(board.port, QEMU, "meter", lambda line: None, use_rom=False)


def test_the_bus_answers_while_files_are_replaced(deployed):
    """Check identification and status bit after an interrupted deployment."""
    with Remote(deployed.port) as remote:
        remote.write(on_board.HOLD, b"")
        console = remote.start_main()
        assert console.wait_for("selftest", 20)["safe"] == "update"
        with ModbusClient(deployed.uart(1)) as modbus:
            assert modbus.identification(247)[1] == "safe-update"
