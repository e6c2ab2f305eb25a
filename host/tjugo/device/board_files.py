"""The project's files that a board gets for its tests, compiled."""

from collections.abc import Iterable
from pathlib import Path

from tjugo.device.mpy import CORTEX_M3, compile_file, compile_packages
from tjugo.sts import vector_checks
from tjugo.toolchain.tools import REPO

_PACKAGES = (
    "sts_portable",
    *("firmware/runtime", "firmware/meterbus", "firmware/uplink", "firmware/drivers"),
    *("firmware/net", "firmware/meter", "firmware/collector"),
)
_TESTS = REPO / "tests" / "host"
RUN_PORTABLE = _TESTS / "run_portable.py"
_PORTABLE = sorted((_TESTS / "portable").glob("*.py"))
# With the meter or the collector that they need, more than the heap of a board. An order is
# carried out on the emulated board in tests/device/test_device_meter.py.
_TOO_LARGE = ("check_collector_orders", "check_meter_orders", "check_meter_orders_cuts")
CHECKS = [
    path for path in _PORTABLE if path.name.startswith("check_") and path.stem not in _TOO_LARGE
]


def board_files(arch: str = CORTEX_M3) -> dict[str, bytes]:
    """Return packages, portable checks and their runner, and the vectors' checks, by path on the
    board.

    Raise TjugoError when a file does not compile.
    """
    folders = [REPO / name for name in _PACKAGES if (REPO / name).is_dir()]
    folders.append(Path(vector_checks.__file__).parent)
    return library(folders, [*_PORTABLE, RUN_PORTABLE], arch)


def library(
    packages: Iterable[Path],
    modules: Iterable[Path],
    arch: str = CORTEX_M3,
) -> dict[str, bytes]:
    """Return these packages and single modules, and boards/common, by their path below the board's
    lib/.

    Raise TjugoError when a file does not compile.
    """
    files = compile_packages(packages, arch, closed=True)
    for name, content in compile_packages([REPO / "boards" / "common"], arch, closed=True).items():
        files[f"boards/{name}"] = content
    for path in modules:
        files[f"{path.stem}.mpy"] = compile_file(path, path.stem, arch, closed=True)
    return {f"lib/{name}": content for name, content in files.items()}
