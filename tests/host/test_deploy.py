"""Deployment: verified before anything is replaced, on trial, rolled back; interrupted
anywhere."""

import errno
import json
import os
import re

import pytest
import serial
from click.testing import CliRunner
from device_kit import Board

from tjugo.commands.deploy import deploy as command
from tjugo.device import deploy, ports, self_test, targets
from tjugo.device.console import Console
from tjugo.device.load import Load, manifest
from tjugo.device.mpy import CORTEX_M0_PLUS, compile_file
from tjugo.device.on_board import files as on_board
from tjugo.device.remote import Remote
from tjugo.errors import TjugoError
from tjugo.toolchain import tools

PICO = targets.target("rp2040_pico")
IDENTITY = '["rp2", [1, 26, 1], [6, 3]]'
OLD = {"main.py": b"old main", "lib/a.mpy": b"old a", "lib/gone.mpy": b"gone", "lib/c.mpy": b"c"}
NEW = {"main.py": b"new main", "lib/a.mpy": b"new a", "lib/b.mpy": b"new b", "lib/c.mpy": b"c"}
GOOD = {
    "role": "meter",
    "version": "1",
    "board": "rp2040_pico",
    "micropython": "1.26.1",
    "free": 100000,
    "settings": "ok",
    "ledger": "ok",
    "crashes": 0,
    "last_crash": "",
}
SAFE = {**GOOD, "safe": "crash", "last_crash": "ValueError: incompatible .mpy file"}
SETTINGS = b'{"drn": "01000000016", "key": "0123456789abcdef"}'
LEDGER = b"credit"


@pytest.fixture
def board(micropython_runtime, tmp_path, monkeypatch):
    """Return a board with OLD on it that works, and NEW to be deployed."""
    monkeypatch.setattr(targets, "files", lambda *_: dict(NEW))
    board = Board(tmp_path, micropython_runtime.argv, IDENTITY)
    (board.flash / "lib").mkdir()
    for name, content in {**OLD, "settings.json": SETTINGS, "ledger.bin": LEDGER}.items():
        (board.flash / name).write_bytes(content)
    (board.flash / "manifest.json").write_bytes(
        manifest(Load(OLD, b"", 0, ""), PICO.name, "meter")
    )
    (board.flash / "crash.json").write_bytes(b'{"crashes": 1}')
    return board


def run(board, lines=None):
    return deploy.deploy(
        "board", PICO, "meter", ([] if lines is None else lines).append, board.connect
    )


def firmware_on(board):
    return {name: content for name, content in board.files().items() if name in OLD | NEW}


def assert_clean(board, files):
    """Check that the board has these files, with its own, and nothing else."""
    there = board.files()
    assert there.pop("settings.json") == SETTINGS and there.pop("ledger.bin") == LEDGER
    there.pop("crash.json", None)
    assert set(json.loads(there.pop("manifest.json"))["files"]) == set(files)
    assert there == files


def test_new_files_are_kept_after_a_good_self_test(board):
    board.starts = [GOOD, GOOD, GOOD]
    lines = []
    assert run(board, lines) == GOOD
    assert_clean(board, NEW)
    assert "crash.json" not in board.files()
    assert lines[0].startswith("Modules: ") and "loaded into the heap" in lines[0]
    assert [line.split()[0] for line in lines[1:]] == ["1/3", "2/3", "3/3"]
    assert lines[-1].split()[1] == "main.py"
    board.starts = [GOOD, GOOD]
    lines.clear()
    run(board, lines)
    assert "Nothing to copy: the board has all 4 files" in lines[0]
    assert_clean(board, NEW)


def test_a_byte_damaged_on_the_way_replaces_nothing(board):
    before = board.files()
    board.starts, board.damages = [GOOD], {"lib/b.mpy.new"}
    with pytest.raises(
        TjugoError, match=r"Damaged on the way to the board: lib/b\.mpy\."
    ) as caught:
        run(board)
    assert caught.value.status == 1
    assert board.files() == before
    assert board.started == 2  # the application there was runs again


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (SAFE, r"do not stay up: the board is in safe mode\. ValueError"),
        (None, "The new files do not start: .* sent no selftest"),
        ({**GOOD, "ledger": "fault"}, "finds the ledger not good: fault"),
        ({**GOOD, "ledger": "fault", "ledger_fault": "newer"}, "finds the ledger not good: newer"),
        ({**GOOD, "settings": "key"}, "finds the settings not good: wrong or missing: key"),
        ({**GOOD, "role": "collector"}, "that of the role collector, not of meter"),
    ],
)
def test_files_that_do_not_start_well_are_rolled_back(board, found, sentence):
    before = board.files()
    board.starts = [GOOD, found, GOOD]
    with pytest.raises(TjugoError, match=sentence) as caught:
        run(board)
    assert "The preceding files are restored" in caught.value.message
    assert "ledger      ok" in caught.value.message
    assert board.files() == before


def test_what_was_wrong_before_is_not_the_new_files_fault(board):
    fault = {**GOOD, "ledger": "fault"}
    board.starts = [fault, fault, fault]
    assert self_test.status(run(board)) == 1
    assert_clean(board, NEW)


def test_a_first_deployment_begins_with_the_preset(board):
    for name in board.files():
        (board.flash / name).unlink()
    wanting = {**GOOD, "settings": "drn"}
    board.starts = [wanting, wanting]
    assert self_test.status(run(board)) == 0
    there = board.files()
    assert there.pop("settings.json") == targets.preset(PICO, "meter")
    there.pop("manifest.json")
    assert there == NEW


def test_a_full_flash_replaces_nothing(board):
    before = board.files()
    board.starts, board.free_blocks = [GOOD], 6
    with pytest.raises(TjugoError, match=r"flash is full: the new files need 6,\d+ bytes"):
        run(board)
    assert board.files() == before


def test_the_power_is_cut_at_every_change_of_a_file(board):
    """Old files, or new ones, or held; no name is ever missing; the next run makes it whole."""
    first = board.files()
    cuts, whole = 0, False
    while not whole:
        for name in board.files():
            (board.flash / name).unlink()
        for name, content in first.items():
            (board.flash / name).write_bytes(content)
        board.starts, board.changes = [GOOD, GOOD, GOOD], cuts
        try:
            run(board)
            whole = True
        except TjugoError:
            there = firmware_on(board)
            held = on_board.HOLD in board.files()
            assert held or there in (OLD, NEW), cuts
            assert set(OLD) & set(NEW) <= set(there), cuts
            assert all(
                content in (OLD.get(name), NEW.get(name)) for name, content in there.items()
            )
            board.starts, board.changes = [GOOD, GOOD, GOOD, GOOD], None
            run(board)
        assert_clean(board, NEW)
        cuts += 1
    assert cuts > 10


def test_the_power_is_cut_while_the_old_files_come_back(board):
    first = board.files()
    for cuts in range(12):
        board.starts, board.changes = [GOOD, SAFE, GOOD], None

        def connect(port, patience_s=0.0, cuts=cuts):
            if patience_s and len(board.starts) == 1:
                board.changes = cuts
            return board.connect(port)

        with pytest.raises(TjugoError):
            deploy.deploy("board", PICO, "meter", print, connect)
        board.changes = None
        assert on_board.HOLD in board.files() or firmware_on(board) in (OLD, NEW)
        held = on_board.HOLD in board.files()
        board.starts = [SAFE, GOOD] if held else [GOOD, SAFE, GOOD]
        with pytest.raises(TjugoError, match="The preceding files are restored"):
            run(board)
        there = board.files()
        there.pop("crash.json", None), first.pop("crash.json", None)
        assert there == first


def test_a_board_that_was_held_for_another_reason_stays_held(board):
    (board.flash / on_board.HOLD).write_bytes(b"")
    board.damages = {"lib/b.mpy.new"}
    with pytest.raises(TjugoError, match="Damaged"):
        run(board)
    assert board.files()[on_board.HOLD] == b""
    board.starts = [GOOD, GOOD]
    run(board)
    assert_clean(board, NEW)


@pytest.mark.parametrize(
    ("identity", "sentence"),
    [
        ('["esp32", [1, 26, 1], [6, 3]]', "has MicroPython for rp2; on board is esp32"),
        (
            '["rp2", [1, 25, 0], [6, 3]]',
            "has MicroPython 1.25.0; the firmware needs 1.26 or newer",
        ),
        (
            '["rp2", [2, 0, 0], [7, 0]]',
            r"loads \.mpy files of version 6\.3\. .* Flash MicroPython",
        ),
    ],
)
def test_another_micropython_is_refused_before_anything_changes(board, identity, sentence):
    before = board.files()
    board.identity = identity
    with pytest.raises(TjugoError, match=sentence):
        run(board)
    assert board.files() == before and board.started == 0


@pytest.mark.parametrize("version", [(1, 26, 0), (1, 27, 3), (2, 0, 0)])
def test_newer_versions_are_taken(board, version):
    board.identity = json.dumps(["rp2", version, list(tools.MPY_VERSION)])
    deploy.check_board(board.connect("board"), PICO)


def test_the_mpy_version_is_the_compilers():
    source = tools.REPO / "sts_portable" / "sta_rounds.py"
    made = compile_file(source, "sts_portable.sta_rounds", CORTEX_M0_PLUS, "viper")
    assert (made[:1], made[1], made[2] & 3) == (b"M", *tools.MPY_VERSION)


def test_documents_name_the_oldest_micropython(repo):
    oldest = "{}.{} or newer".format(*tools.OLDEST_MICROPYTHON)
    pages = [repo / "docs" / "devices.md", *(repo / "boards").glob("*/README.md")]
    named = {
        page: re.findall(r"MicroPython (\d+\.\d+ or newer)", page.read_text()) for page in pages
    }
    found = {page.parent.name: words for page, words in named.items() if words}
    assert len(found) == 6 and all(words == [oldest] for words in found.values())


def test_a_serial_port_that_cannot_be_opened(tmp_path):
    there = tmp_path / "port"
    there.touch()
    there.chmod(0o600)
    for path, number, words in (
        (tmp_path / "none", errno.ENOENT, f"There is no serial port {tmp_path}/none."),
        (there, errno.EACCES, f"You may not use {there}."),
        (there, errno.EBUSY, f"Another program uses {there}."),
        (there, errno.EAGAIN, f"Another program uses {there}."),
        (there, errno.ENOTTY, f"{there} is not a serial port."),
    ):
        sentence = ports.refusal(str(path), OSError(number, "words")).message
        assert sentence.startswith(words)
    hidden = OSError("could not open")
    hidden.__context__ = BlockingIOError(errno.EAGAIN, "taken")
    assert "Another program" in ports.refusal(str(there), hidden).message


def test_a_port_that_another_program_uses():
    ours, theirs = os.openpty()
    try:
        with serial.Serial(os.ttyname(theirs), exclusive=True) as taken:
            for connect in (Remote, Console):
                with pytest.raises(TjugoError, match=f"Another program uses {taken.port}"):
                    connect(taken.port)
    finally:
        os.close(ours)
        os.close(theirs)


def test_the_group_of_a_serial_port_is_named(tmp_path, monkeypatch):
    there = tmp_path / "port"
    there.touch()
    monkeypatch.setattr(ports.grp, "getgrgid", lambda _gid: type("G", (), {"gr_name": "dialout"}))
    said = ports.refusal(str(there), PermissionError(errno.EACCES, "words")).message
    assert "belongs to the group dialout: run `sudo usermod -aG dialout" in said


def test_a_port_that_is_not_there_is_a_sentence_of_the_command(tmp_path):
    words = ["--board", "rp2040_pico", "--role", "meter", "--port", str(tmp_path / "none")]
    result = CliRunner().invoke(command, words)
    assert isinstance(result.exception, TjugoError)
    assert result.exception.message.startswith("There is no serial port")
