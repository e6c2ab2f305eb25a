"""The heap that the meter leaves free on the emulated Cortex-M3 with 192 KiB."""

from collections.abc import Callable

from tjugo.benchmarks.cortex_m3 import device_module
from tjugo.benchmarks.registry import Figure, benchmark
from tjugo.toolchain.tools import MICROPYTHON_VERSION


def _reader(place: str) -> Callable[[], Figure]:
    def measure() -> Figure:
        heap = device_module("heap")
        context = {
            "features": "all",
            "core_features": heap.lowest_free(place, heap.CORE),
            "core_with_page": heap.lowest_free(place, {**heap.CORE, **heap.PAGE}),
            "core_with_page_and_home": heap.lowest_free(
                place, {**heap.CORE, **heap.PAGE_AND_HOME}
            ),
            "micropython": MICROPYTHON_VERSION,
        }
        return Figure(heap.lowest_free(place, heap.FULL), context)

    return measure


for _place in ("files", "rom", "frozen"):
    benchmark(f"meter.heap_free_lowest_192k.{_place}", "bytes")(_reader(_place))


@benchmark("meter.heap_free_lowest_128k.core", "bytes")
def _core_of_128_kib() -> Figure:
    heap = device_module("heap")
    free = heap.lowest_free(heap.FILES, heap.CORE, heap.SMALL_BYTES)
    return Figure(free, {"features": "core", "micropython": MICROPYTHON_VERSION})
