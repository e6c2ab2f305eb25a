"""The cost of portable code on a Cortex-M3: instructions and heap bytes, the same at every run.

`tjugo count sts` prints the figures of a suite; `tjugo count FILE.py` those of any script that
calls counter.measure(name, function) on the board. `--budgets FILE` stores them, too.
"""

import json
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tjugo.device.mpy import MACHINE_CODE, compile_file, compile_packages
from tjugo.emulated import qemu, qemu_flash
from tjugo.emulated.qemu_build import BOARD, firmware
from tjugo.errors import TjugoError
from tjugo.toolchain.tools import REPO

_SCRIPTS = BOARD / "count"
_SECONDS = 60.0
_DONE = "counted"
_MAIN = f"""\
import machine
import sys

try:
    import script
    print("{_DONE}")
except BaseException as error:
    sys.print_exception(error)
finally:
    machine.reset()
"""


@dataclass(frozen=True)
class Build:
    """A way to compile what is measured. suffix: appended to the metric's name; emit: by module,
    where it is not bytecode."""

    suffix: str
    emit: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Suite:
    """A script in boards/qemu_mps2/count, its files on the board, and how they are compiled."""

    script: str
    packages: tuple[str, ...]
    builds: tuple[Build, ...] = (Build(""),)


_STS_BUILDS = (Build(""), Build("_native", MACHINE_CODE))

SUITES = {
    "sts": Suite("decode.py", ("sts_portable",), _STS_BUILDS),
    "ciphers": Suite("ciphers.py", ("sts_portable",), _STS_BUILDS),
}
# The packages on the board for a user's script.
_ALL_PACKAGES = ("sts_portable", "firmware/meterbus")


def count_instructions(script: Path, files: Mapping[str, bytes]) -> dict[str, dict[str, int]]:
    """Run a script on the board; return {name: {"instructions": .., "heap_bytes": ..}}.

    files: the files that the script needs on the board's flash, by path. Raise TjugoError with
    what the board printed when the script did not complete.
    """
    flash = {
        **files,
        "counter.mpy": compile_file(_SCRIPTS / "counter.py", "counter"),
        "script.mpy": compile_file(script, script.stem),
        "main.py": _MAIN.encode(),
    }
    with tempfile.TemporaryDirectory(prefix="tjugo-count-") as folder:
        image = Path(folder) / "flash"
        qemu_flash.write_image(image, flash)
        printed = qemu.run_to_end(firmware(_progress), image, _SECONDS)
    lines = printed.splitlines()
    if not lines or lines[-1] != _DONE:
        raise TjugoError(f"{script.name} did not complete on the board:\n{printed.strip()}")
    rows = [row for line in lines if line.startswith("{") and "name" in (row := json.loads(line))]
    return {row.pop("name"): row for row in rows}


def run_suite(suite: Suite) -> dict[str, int]:
    """Return every figure of a suite by its metric name, like
    "sts.decode.ea07.m3_instructions"."""
    figures = {}
    for build in suite.builds:
        packages = [REPO / package for package in suite.packages]
        files = compile_packages(packages, emit=build.emit)
        for name, row in count_instructions(_SCRIPTS / suite.script, files).items():
            figures[f"{name}.m3_instructions{build.suffix}"] = row["instructions"]
            figures[f"{name}.heap_bytes{build.suffix}"] = row["heap_bytes"]
    return figures


def figures() -> dict[str, int]:
    """Return every figure of every suite. Raise TjugoError."""
    found: dict[str, int] = {}
    for suite in SUITES.values():
        found.update(run_suite(suite))
    return found


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def run(name: str) -> dict[str, int]:
    """Return the figures of a suite or of a script file. Raise TjugoError."""
    if name in SUITES:
        return run_suite(SUITES[name])
    script = Path(name).resolve()
    if not script.is_file():
        raise TjugoError(f"{name}: neither a suite ({', '.join(SUITES)}) nor a file", status=2)
    return run_suite(Suite(str(script), _ALL_PACKAGES))


def keep(path: Path, figures: Mapping[str, int]) -> None:
    """Write figures as measured values, and keep the limits that the file has."""
    limits = json.loads(path.read_text()).get("limits", {}) if path.exists() else {}
    content = json.dumps({"limits": limits, "measured": figures}, indent=1, sort_keys=True)
    new = path.with_name(path.name + ".new")
    new.write_text(content + "\n")
    os.replace(new, path)
