"""sts_portable compiled to machine code for the emulated board: the portable checks pass."""

import pytest

from tjugo.device import count
from tjugo.device.board_files import CHECKS, RUN_PORTABLE
from tjugo.device.mpy import CORTEX_M3, MACHINE_CODE, compile_file, compile_packages
from tjugo.toolchain.tools import REPO

STS_CHECKS = [path for path in CHECKS if path.stem.startswith("check_sts_")]
# A row of numbers for each module, after the output of the checks.
SCRIPT = """\
import json, run_portable
for name in {names}:
    passed, failed = run_portable.run([name])
    print(json.dumps({{"name": name, "passed": passed, "failed": failed}}))
"""


@pytest.mark.long
def test_portable_checks_as_machine_code(emulator, tmp_path):
    files = compile_packages([REPO / "sts_portable"], CORTEX_M3, MACHINE_CODE)
    for path in [*STS_CHECKS, RUN_PORTABLE]:
        files[f"{path.stem}.mpy"] = compile_file(path, path.stem)
    script = tmp_path / "checks.py"
    script.write_text(SCRIPT.format(names=[path.stem for path in STS_CHECKS]))
    rows = count.count_instructions(script, files)
    assert sorted(rows) == [path.stem for path in STS_CHECKS]
    for name, row in rows.items():
        assert row["failed"] == 0 and row["passed"] > 5, name
