"""Which files a board gets: everything its role imports, and nothing more."""

import json

import pytest

from tjugo.device import freeze, images, targets
from tjugo.errors import TjugoError

BOARDS = [
    name for name in targets.TARGETS if (targets.TARGETS[name].folder / "board.py").is_file()
]


def every(role):
    return {name: targets.modules(targets.target(name), role) for name in BOARDS}


@pytest.mark.parametrize("role", targets.ROLES)
def test_a_role_has_what_it_imports_when_it_runs(role):
    for name, found in every(role).items():
        wanted = {"board", "runtime.safe", f"{role}.app", "runtime.boot", "meterbus.crc"}
        assert wanted <= set(found), name
        assert all(path.is_file() for path in found.values())


def test_no_board_gets_what_it_never_runs():
    for found in every("meter").values():
        assert {"sts_portable.sta", "sts_portable.decoder", "meter.store.ledger"} <= set(found)
        names = " ".join(found)
        for word in ("collector", "fields", "vendor", "dkga", "client", "tjugo", "bench"):
            assert word not in names
    for found in every("collector").values():
        assert not [name for name in found if name.startswith("meter.")]


def test_files_are_compiled_and_main_is_not():
    made = targets.files(targets.target("qemu_mps2"), "collector")
    assert made["main.py"].startswith(b'"""')
    assert all(content[:1] == b"M" for name, content in made.items() if name.endswith(".mpy"))
    assert {name.split("/")[0] for name in made} == {"lib", "main.py"}


def test_a_manifest_for_freezing_names_every_module():
    board = targets.target("rp2040_pico")
    text = freeze.manifest(board, "meter")
    assert text.count("module(") == len(targets.modules(board, "meter")) + 1
    assert 'module("sts_portable/__init__.py"' in text and 'module("main.py"' in text
    assert text.startswith('include("$(PORT_DIR)')


@pytest.mark.parametrize(("board", "role"), [("no_such", "meter"), ("qemu_mps2", "lamp")])
def test_unknown_names_are_answered_with_those_there_are(board, role):
    with pytest.raises(TjugoError, match=r", only (esp32_devkit, |collector, |meter, )") as caught:
        targets.modules(targets.target(board), role)
    assert caught.value.status == 2


@pytest.mark.parametrize("name", BOARDS)
def test_presets_name_settings_that_are_documented(name):
    board = targets.target(name)
    documented = (board.folder / "README.md").read_text()
    documented += (targets.REPO / "docs" / "collector.md").read_text()
    for role in targets.roles(board):
        for key in json.loads(targets.preset(board, role)):
            assert f"`{key}`" in documented or f'"{key}"' in documented, (role, key)


def test_a_board_without_network_can_be_no_collector():
    with pytest.raises(TjugoError, match="cannot be a collector, only a meter") as caught:
        targets.preset(targets.target("rp2040_pico"), "collector")
    assert caught.value.status == 2


@pytest.mark.parametrize(
    ("board", "role", "word"),
    [
        ("esp32_devkit", "meter", "docs/devices.md"),
        ("rp2350_pico2_w", "collector", "docs/devices.md"),
        ("qemu_mps2", "no", "no role"),
        ("rp2040_pico", "collector", "cannot be a collector"),
    ],
)
def test_images_that_cannot_be_built_here(board, role, word):
    with pytest.raises(TjugoError, match=word) as caught:
        images.image(targets.target(board), role)
    assert caught.value.status == 2
