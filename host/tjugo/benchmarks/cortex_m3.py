"""The cost of decoding and of the applications on the emulated Cortex-M3, exactly repeatable."""

import importlib
from collections.abc import Callable
from functools import cache
from types import ModuleType

from tjugo.benchmarks.registry import Figure, Skip, benchmark
from tjugo.toolchain.tools import MICROPYTHON_VERSION, missing_packages

_DECODING = {
    "sts.decode.ea07.m3_instructions": "instructions",
    "sts.decode.ea07.m3_instructions_native": "instructions",
    "sts.decode.ea11.m3_instructions": "instructions",
    "sts.decode.ea11.m3_instructions_native": "instructions",
    "sts.decode.ea07.heap_bytes": "bytes",
    "sts.decode.ea11.heap_bytes": "bytes",
}
_APPLICATIONS = {
    "app.meter.boot.m3_instructions": "instructions",
    "app.collector.boot.m3_instructions": "instructions",
    "app.modbus_poll.m3_instructions": "instructions",
    "app.pulse_to_ledger.m3_instructions": "instructions",
    "app.token_to_ledger.m3_instructions": "instructions",
    "app.display_refresh.m3_instructions": "instructions",
    "app.meter.boot.heap_bytes": "bytes",
    "app.meter.peak.heap_bytes": "bytes",
    "app.collector.boot.heap_bytes": "bytes",
    "app.modbus_poll.heap_bytes": "bytes",
    "app.meter.mpy_bytes": "bytes",
    "app.collector.mpy_bytes": "bytes",
}


def device_module(name: str) -> ModuleType:
    """Return a module of tjugo.device that runs the emulated board. Raise Skip where it cannot."""
    missing = missing_packages()
    if missing:
        raise Skip(f"the emulated board needs: apt-get install {' '.join(missing)}")
    try:
        return importlib.import_module(f"tjugo.device.{name}")
    except ModuleNotFoundError as error:
        raise Skip(f"flash images need {error.name}, which is not installed") from None


@cache
def _figures(applications: bool) -> dict[str, int]:
    count, count_app = device_module("count"), device_module("count_app")
    return count_app.figures() if applications else count.run_suite(count.SUITES["sts"])


def _reader(name: str, applications: bool) -> Callable[[], Figure]:
    return lambda: Figure(_figures(applications)[name], {"micropython": MICROPYTHON_VERSION})


for _units, _applications in ((_DECODING, False), (_APPLICATIONS, True)):
    for _name, _unit in _units.items():
        benchmark(_name, _unit)(_reader(_name, _applications))
