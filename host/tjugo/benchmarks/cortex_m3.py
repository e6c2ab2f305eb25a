"""What decoding costs on the emulated Cortex-M3: instructions and heap bytes, repeatable."""

from collections.abc import Callable
from functools import cache

from tjugo.benchmarks.registry import Figure, Skip, benchmark
from tjugo.device.toolchain import MICROPYTHON_VERSION, missing_packages

_UNITS = {
    "sts.decode.ea07.m3_instructions": "instructions",
    "sts.decode.ea07.m3_instructions_native": "instructions",
    "sts.decode.ea11.m3_instructions": "instructions",
    "sts.decode.ea11.m3_instructions_native": "instructions",
    "sts.decode.ea07.heap_bytes": "bytes",
    "sts.decode.ea11.heap_bytes": "bytes",
}


@cache
def _figures() -> dict[str, int]:
    missing = missing_packages()
    if missing:
        raise Skip(f"the emulated board needs: apt-get install {' '.join(missing)}")
    try:
        from tjugo.device import count
    except ModuleNotFoundError as error:
        raise Skip(f"flash images need {error.name}, which is not installed") from None
    return count.run_suite(count.SUITES["sts"])


def _reader(name: str) -> Callable[[], Figure]:
    return lambda: Figure(_figures()[name], {"micropython": MICROPYTHON_VERSION})


for _name, _unit in _UNITS.items():
    benchmark(_name, _unit)(_reader(_name))
