"""Deploying over the serial port: only what changed, settings kept, an interruption survived."""

import json

import pytest
from bus_master import Master
from meter_board import DRN

from tjugo.device import deploy, provision, targets
from tjugo.device.console import Console
from tjugo.device.remote import Remote
from tjugo.emulated import qemu_flash
from tjugo.emulated.qemu import QemuBoard
from tjugo.errors import TjugoError
from tjugo.station.registry.meters import NewMeter, add_meter
from tjugo.station.station import Station

QEMU = targets.target("qemu_mps2")


@pytest.fixture
def deployed(own_board):
    """A board that was deployed to as a meter; made on the host, which is quicker."""
    own_board.stop()
    files = targets.files(QEMU, "meter")
    manifest = deploy.manifest(files, QEMU.name, "meter")
    qemu_flash.write_image(own_board.flash, {**files, deploy.MANIFEST: manifest})
    own_board.start()
    return own_board


def run(board, role="meter"):
    """The command; its exit status."""
    return deploy.main(["--board", QEMU.name, "--role", role, "--port", board.port])


@pytest.fixture
def state(tmp_path):
    folder = tmp_path / "state"
    with Station.create(folder) as station, station.work("test") as work:
        add_meter(work, NewMeter(DRN))
    return folder


def test_the_second_time_nothing_is_copied(own_board, capsys):
    files = targets.files(QEMU, "meter")
    assert run(own_board) == 0
    said = capsys.readouterr().out
    assert f"/{len(files)}  main.py" in said
    assert "qemu_mps2: meter" in said and "ledger      ok" in said
    assert "wrong or missing" in said  # the preset only
    with Remote(own_board.port) as remote:
        assert remote.get("settings.json") == targets.preset(QEMU, "meter")
    assert run(own_board) == 0
    said = capsys.readouterr().out
    assert f"Nothing to copy: the board has all {len(files)} files" in said
    assert "lib/" not in said


def test_provisioning_and_a_changed_file(deployed, state, capsys):
    arguments = [deployed.port, "--drn", DRN, "--address", "3", "--state", str(state)]
    assert provision.main(arguments) == 0
    said = capsys.readouterr().out
    assert "settings    ok" in said
    with Remote(deployed.port) as remote:
        settings = json.loads(remote.get("settings.json"))
        assert (settings["drn"], settings["address"]) == (DRN, 3)
        assert settings["key"] not in said
        remote.write("lib/meter/show.mpy", b"damaged")
    assert run(deployed) == 0
    said = capsys.readouterr().out
    assert "1/1  lib/meter/show.mpy" in said and "settings    ok" in said
    with Remote(deployed.port) as remote:
        assert json.loads(remote.get("settings.json")) == settings


def test_a_board_is_not_made_another_meter_by_mistake(deployed, state, capsys):
    other = {"drn": "01000000024", "address": 1}
    provision.provision(deployed.port, other)
    arguments = [deployed.port, "--drn", DRN, "--state", str(state)]
    assert provision.main(arguments) == 1
    assert "This board is meter 01000000024" in capsys.readouterr().err
    assert provision.main([*arguments, "--replace"]) == 0


def test_a_collector_without_settings_waits_for_them(own_board, tmp_path, capsys):
    own_board.stop()
    qemu_flash.write_image(own_board.flash, targets.files(QEMU, "collector"))
    own_board.start()
    with Console(own_board.port) as console:
        while "safe" not in (said := console.wait_for("selftest", 30)):
            assert said["settings"].startswith("settings: id must")
    settings = {"id": "c1", "broker": {"host": "b"}, "meters": [{"address": 1, "drn": DRN}]}
    (tmp_path / "more.json").write_text(json.dumps(settings))
    assert provision.main([own_board.port, "--merge", str(tmp_path / "more.json")]) == 0
    said = capsys.readouterr().out
    assert "collector" in said and "settings    ok" in said and "safe" not in said


def test_what_cannot_be_provisioned(tmp_path, state, capsys):
    (tmp_path / "list.json").write_text("[]")
    port = ["/dev/none"]
    for arguments, status in (
        ([], 2),
        (["--merge", str(tmp_path / "list.json")], 2),
        (["--merge", str(tmp_path / "none.json")], 2),
        (["--drn", DRN, "--address", "300", "--state", str(state)], 2),
        (["--drn", "07000000009", "--state", str(state)], 1),
    ):
        assert provision.main(port + arguments) == status, arguments
        assert capsys.readouterr().err.count("\n") == 1


def test_a_board_changes_its_role(deployed):
    run(deployed, "collector")
    deployed.kill()
    there = set(qemu_flash.read_image(deployed.flash))
    wanted = set(targets.files(QEMU, "collector"))
    assert wanted <= there
    assert not [name for name in there - wanted if name.startswith("lib/")]


def test_a_power_cut_while_copying(deployed, monkeypatch):
    """The board then waits in safe mode, and the next deployment makes it whole."""
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
    names = [*targets.files(QEMU, "collector"), deploy.MANIFEST, deploy.SETTINGS]
    there = set(qemu_flash.read_image(deployed.flash))
    assert there.isdisjoint({deploy.HOLD, *(name + ".new" for name in names)})


def test_what_cannot_be_deployed(own_board, capsys):
    assert deploy.main(["--board", "none", "--role", "meter", "--port", "x"]) == 2
    assert deploy.main(["--board", "qemu_mps2", "--role", "lamp", "--port", "x"]) == 2
    other = ["--board", "rp2040_pico", "--role", "meter", "--port", own_board.port]
    assert deploy.main(other) == 1
    said = capsys.readouterr().err.splitlines()
    assert "there are" in said[0] and "there are" in said[1]
    assert said[2].startswith("rp2040_pico has MicroPython for rp2; on ")


def test_a_full_flash_is_said(emulator, tmp_path):
    filler = {"filler": bytes(qemu_flash.FLASH_BYTES - 64 * 1024)}
    qemu_flash.write_image(tmp_path / "flash", filler)
    with QemuBoard(emulator, tmp_path / "flash") as board:
        with pytest.raises(TjugoError, match="flash is full"):
            deploy.deploy(board.port, QEMU, "meter", lambda line: None)


def test_the_bus_answers_while_files_are_replaced(deployed):
    """After an interrupted deployment: identification and the status bit."""
    with Remote(deployed.port) as remote:
        remote.write(deploy.HOLD, b"")
        console = remote.start_main()
        assert console.wait_for("selftest", 20)["safe"] == "update"
        with Master(deployed.uart(1)) as master:
            assert master.identification(247)[1] == "safe-update"
