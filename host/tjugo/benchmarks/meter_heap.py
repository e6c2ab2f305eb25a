"""The heap that the meter leaves free on the emulated Cortex-M3 with 192 KiB."""

from collections.abc import Callable

from tjugo.benchmarks.registry import Figure, Skip, benchmark
from tjugo.toolchain.tools import MICROPYTHON_VERSION, missing_packages


def _reader(place: str) -> Callable[[], Figure]:
    def measure() -> Figure:
        missing = missing_packages()
        if missing:
            raise Skip(f"the emulated board needs: apt-get install {' '.join(missing)}")
        try:
            from tjugo.device import heap
        except ModuleNotFoundError as error:
            raise Skip(f"flash images need {error.name}, which is not installed") from None
        context = {
            "features": "all",
            "core_features": heap.lowest_free(place, heap.CORE),
            "micropython": MICROPYTHON_VERSION,
        }
        return Figure(heap.lowest_free(place, heap.FULL), context)

    return measure


for _place in ("files", "rom", "frozen"):
    benchmark(f"meter.heap_free_lowest_192k.{_place}", "bytes")(_reader(_place))
