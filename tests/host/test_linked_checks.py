"""The meter's portable checks with the modules as a board gets them: linked, with short names."""

import subprocess
import sys
from functools import cache

import pytest

from tjugo.device import targets
from tjugo.device.mpy import CORTEX_M3, compile_source
from tjugo.device.program import program
from tjugo.device.project_modules import NEVER
from tjugo.toolchain.tools import REPO

HERE = REPO / "tests" / "host"
HEAP = ("-X", "heapsize=256k")
CHECKS = (
    *("check_meter_account", "check_meter_bus", "check_meter_credit", "check_meter_currency"),
    *("check_meter_events", "check_meter_face", "check_meter_features", "check_meter_ledger"),
    *("check_meter_malignant", "check_meter_panel", "check_meter_registers", "check_meter_supply"),
    *("check_meterbus_frames", "check_meterbus_registers", "check_runtime_overlay"),
    *("check_sts_ciphers", "check_sts_decoder"),
)


@cache
def linked() -> dict[str, bytes]:
    """Return a meter and the checks, compiled, by module."""
    board = targets.target("qemu_mps2")
    portable = {path.stem: path for path in (HERE / "portable").glob("*.py")}
    paths = {
        name: path
        for name, path in targets.modules(board, "meter").items()
        if name != "board" and not name.startswith("boards.")
    }
    waiting = [*CHECKS, *NEVER]  # which make tokens
    while waiting:
        name = waiting.pop()
        path = portable[name] if name in portable else targets.source(board, name)
        if name not in paths:
            paths[name] = path
            wanted = targets.imports(path, name)
            waiting += [one for one in wanted if one in portable or _is_ours(board, one)]
    made = program("meter", targets.with_code(paths), frozenset())
    assert {made.links[name].main for name in ("meter.core", "meter.events")} == {"meter.app"}
    return {
        name: compile_source(text, name, CORTEX_M3, "bytecode", made.sources)
        for name, text in made.sources.items()
    }


def _is_ours(board: targets.Target, name: str) -> bool:
    return targets.has_source(board, name)


def run(argv: list[str], check: str, env: dict[str, str]) -> str:
    done = subprocess.run(
        [*argv, str(HERE / "run_portable.py"), check],
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("check", CHECKS)
def test_a_linked_meter_passes_its_checks(check, micropython, micropython_env, tmp_path):
    for name, content in linked().items():
        file = tmp_path.joinpath(*name.split("."))
        folder = any(other.startswith(f"{name}.") for other in linked())
        path = file / "__init__.mpy" if folder else file.with_suffix(".mpy")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    env = {**micropython_env, "MICROPYPATH": f"{tmp_path}:.frozen"}
    wanted = run([sys.executable], check, {"PYTHONPATH": micropython_env["MICROPYPATH"]})
    assert run([*micropython, *HEAP], check, env) == wanted
