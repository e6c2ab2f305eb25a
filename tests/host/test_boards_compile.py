"""Every file for a board compiles for the processors of the supported boards."""

import pytest

from tjugo.device.mpy import CORTEX_M0_PLUS, ESP32, compile_file
from tjugo.toolchain.tools import REPO

AREAS = ("sts_portable", "firmware", "boards")
FILES = sorted(path for area in AREAS for path in (REPO / area).rglob("*.py"))
_MPY_6 = b"M\x06"


@pytest.mark.parametrize("arch", [CORTEX_M0_PLUS, ESP32])
def test_all_files_compile(arch):
    assert len(FILES) > 50
    for path in FILES:
        assert compile_file(path, path.name, arch)[:2] == _MPY_6
