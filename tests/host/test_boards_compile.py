"""Every file for a board compiles for the processors of the supported boards."""

import pytest

from tjugo.device.constants import with_constants
from tjugo.device.mpy import CORTEX_M0_PLUS, ESP32, compile_file
from tjugo.errors import TjugoError
from tjugo.toolchain.tools import REPO

AREAS = ("sts_portable", "firmware", "boards")
FILES = sorted(path for area in AREAS for path in (REPO / area).rglob("*.py"))
_MPY_6 = b"M\x06"


@pytest.mark.parametrize("arch", [CORTEX_M0_PLUS, ESP32])
def test_all_files_compile(arch):
    assert len(FILES) > 50
    for path in FILES:
        assert compile_file(path, path.stem, arch)[:2] == _MPY_6


def test_private_constants_take_no_memory():
    source = (
        "try:\n    from micropython import const\nexcept ImportError:\n    const = int\n"
        "_A = 2  # é\n_B = _A * 1024\n_C = b'once'\n_D = ('x',\n      1)\n_TWICE = 'y'\n_E = -_A\n"
        "_CHANGED = 1\nSHOWN = 3\n_LIST = [1]\n\n\ndef f():\n    global _CHANGED\n"
        "    _CHANGED = 2\n    return _A, _B, _C, _D, _TWICE + _TWICE, _E, _LIST\n"
    )
    found = with_constants(source)
    marked = found.split("\n\n\ndef")[0].split("\n")
    assert marked == [
        *[""] * 4,
        "_A = const(2)  # é",
        "_B = const(_A * 1024)",
        "_C = const(b'once')",
        "_D = const(('x',",
        "      1))",
        "_TWICE = 'y'",
        "_E = const(-_A)",
        "_CHANGED = 1",
        "SHOWN = 3",
        "_LIST = [1]",
    ]
    assert found.split("def f")[1] == source.split("def f")[1]
    assert with_constants("not Python") == "not Python"


def test_a_private_constant_leaves_no_name_in_the_compiled_file(tmp_path):
    (tmp_path / "m.py").write_text("_HIDDEN = 7\nSHOWN = _HIDDEN + 1\n")
    made = compile_file(tmp_path / "m.py", "m")
    assert b"SHOWN" in made and b"_HIDDEN" not in made


def test_codes_are_numbers_where_they_are_read():
    source = "from meterbus import codes\nA = codes.OVERLOAD | codes.REMOTE\nB = codes.REASONS\n"
    wanted = "from meterbus import codes\nA = 16 | 64\nB = codes.REASONS\n"
    assert with_constants(source, "meter.x") == wanted
    assert with_constants("from . import codes\nA = codes.OVERLOAD", "meterbus.x")[-6:] == "A = 16"
    other = "codes = x()\nA = codes.OVERLOAD\n"
    assert with_constants(other, "meter.x") == other
    with pytest.raises(TjugoError, match=r"codes\.OVERLOAD cannot be replaced"):
        with_constants("from meterbus import codes\nA = codes . OVERLOAD", "meter.x")


def test_public_numbers_are_written_where_they_are_read():
    source = (
        "from sts_portable import results\n"
        "from .frame import (\n    MAX_FRAME,\n    u16,\n)\nfrom .frame import UNKNOWN\n"
        "A = results.ACCEPT, MAX_FRAME - UNKNOWN, u16\n"
    )
    assert with_constants(source, "meterbus.x") == (
        "pass\nfrom .frame import u16\n\n\n\npass\nA = 1, 256 - (-1), u16\n"
    )
    frame = with_constants(
        (REPO / "firmware/meterbus/frame.py").read_text(), "meterbus.frame", True
    )
    assert "_MAX_FRAME = const(256)" in frame and "\n_UNKNOWN = const(-1)" in frame


def test_what_a_text_refers_to_stays_in_its_module():
    source = "from meterbus import frame\nA = getattr(frame, 'MAX_FRAME'), frame.MAX_FRAME\n"
    wanted = "from meterbus import frame\nA = getattr(frame, 'MAX_FRAME'), 256\n"
    assert with_constants(source, "meter.x") == wanted
    large = "from meter.credit.account import MAX_CREDIT_WH\nA = MAX_CREDIT_WH\n"
    assert with_constants(large, "meter.x") == large


def test_a_constant_that_is_computed_at_run_time_keeps_its_function():
    block = "try:\n    from micropython import const\nexcept ImportError:\n    const = int\n"
    source = block + "_A, _B = const(1), const(2)\n"
    assert with_constants(source, "meter.x") == source
    assert "import" not in with_constants(block + "_A = const(1)\n", "meter.x")
