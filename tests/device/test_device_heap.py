"""The heap that the meter leaves free, from files, from a ROM and frozen into the firmware."""

import pytest

from tjugo.device import heap

pytestmark = pytest.mark.long

# Of 192 KiB, the lowest after garbage collection. From files and from a ROM some 7 KB below what
# was measured, for features to come; frozen, 1.5 KB.
FREE = {
    heap.FILES: (76_000, 36_500),
    heap.ROM: (119_500, 98_304),
    heap.FROZEN: (132_500, 116_000),
}
FREE_OF_128_KIB = 8_192  # core features from files


@pytest.mark.parametrize("place", heap.PLACES)
def test_the_meter_leaves_heap_free(emulator, place):
    core, full = FREE[place]
    found = heap.lowest_free(place, heap.CORE), heap.lowest_free(place, heap.FULL)
    print(f"{place}: {found[0]:,} bytes free, with all features {found[1]:,}")
    assert found[0] >= core and found[1] >= full


def test_the_core_preset_takes_tokens_in_a_heap_of_128_kib(emulator):
    found = heap.lowest_free(heap.FILES, heap.CORE, heap.SMALL_BYTES)
    print(f"{found:,} bytes free of 128 KiB")
    assert found >= FREE_OF_128_KIB
