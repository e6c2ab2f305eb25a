"""The meter's portable checks with the modules as a board gets them: linked, with short names."""

import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tjugo.device import targets
from tjugo.device.program import program
from tjugo.device.project_modules import NEVER
from tjugo.device.short_names import with_short_names
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
def linked(check: str) -> dict[str, str]:
    """Return the sources of a meter and of a check, by module."""
    board = targets.target("qemu_mps2")
    portable = {path.stem: path for path in (HERE / "portable").glob("*.py")}
    paths = {
        name: path
        for name, path in targets.modules(board, "meter").items()
        if name != "board" and not name.startswith("boards.")
    }
    waiting = [check, *NEVER]  # which make tokens
    while waiting:
        name = waiting.pop()
        path = portable[name] if name in portable else targets.source(board, name)
        if name not in paths:
            paths[name] = path
            wanted = targets.imports(path, name)
            waiting += [one for one in wanted if one in portable or _is_ours(board, one)]
    made = program("meter", targets.with_code(paths), frozenset())
    return {
        name: with_short_names(text, name, made.sources) for name, text in made.sources.items()
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
    for name, text in linked(check).items():
        file = tmp_path.joinpath(*name.split("."))
        folder = any(other.startswith(f"{name}.") for other in linked(check))
        path = file / "__init__.py" if folder else file.with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    env = {**micropython_env, "MICROPYPATH": f"{tmp_path}:.frozen"}
    wanted = run([sys.executable], check, {"PYTHONPATH": micropython_env["MICROPYPATH"]})
    assert run([*micropython, *HEAP], check, env) == wanted
    assert not (Path(tmp_path) / "meter" / "core.py").exists(), "it is in meter/app.py"
