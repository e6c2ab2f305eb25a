"""What the applications cost on the emulated Cortex-M3, and how big they are."""

from collections.abc import Callable
from functools import cache

from tjugo.benchmarks.registry import Figure, Skip, benchmark
from tjugo.device.toolchain import MICROPYTHON_VERSION, missing_packages

_INSTRUCTIONS = (
    "app.meter.boot",
    "app.collector.boot",
    "app.modbus_poll",
    "app.pulse_to_ledger",
    "app.token_to_ledger",
    "app.display_refresh",
)
_HEAP = ("app.meter.boot", "app.meter.peak", "app.collector.boot", "app.modbus_poll")
_FLASH = ("app.meter.mpy_bytes", "app.collector.mpy_bytes")


@cache
def _figures() -> dict[str, int]:
    missing = missing_packages()
    if missing:
        raise Skip(f"the emulated board needs: apt-get install {' '.join(missing)}")
    try:
        from tjugo.device import count_app
    except ModuleNotFoundError as error:
        raise Skip(f"flash images need {error.name}, which is not installed") from None
    return count_app.figures()


def _reader(name: str) -> Callable[[], Figure]:
    return lambda: Figure(_figures()[name], {"micropython": MICROPYTHON_VERSION})


_UNITS = {
    **{f"{name}.m3_instructions": "instructions" for name in _INSTRUCTIONS},
    **{f"{name}.heap_bytes": "bytes" for name in _HEAP},
    **dict.fromkeys(_FLASH, "bytes"),
}
for _name, _unit in _UNITS.items():
    benchmark(_name, _unit)(_reader(_name))
