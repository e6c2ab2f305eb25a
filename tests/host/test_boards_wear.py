"""The flash wear of a ledger in a file, counted on littlefs with the ports' sizes."""

import pytest
from littlefs import LittleFS, lfs
from littlefs.context import UserContext

from boards.common import files

BLOCK = 4096
SAVES = 2000
SLOT = 512
USED = 300  # bytes of a slot
# The memory in files, boards/common/files.py, and the load profile in it.
PIECES = files._PIECES + (files._PIECE,) * 7
STARTS = tuple(sum(PIECES[:number]) for number in range(len(PIECES)))
PROFILE_AT, PLACES, ENTRY = 4096, 1680, 14
A_YEAR = 365 * 48
# As ports/rp2/modules/_boot.py and ports/esp32/modules/inisetup.py format their flash; the cache
# is what MicroPython makes of the program size.
PORTS = {
    "rp2": {"block_count": 352, "prog_size": 256, "cache_size": 1024},
    "esp32": {"block_count": 512, "prog_size": 32, "cache_size": 128},
}


class Flash(UserContext):
    def __init__(self, size):
        super().__init__(size)
        self.erased = {}

    def erase(self, cfg, block):
        self.erased[block] = self.erased.get(block, 0) + 1
        return super().erase(cfg, block)


def formatted(port: str, sizes: tuple[int, ...]) -> tuple[Flash, LittleFS]:
    """Return the flash of a meter, with its modules and the pieces of its memory."""
    flash = Flash(BLOCK * PORTS[port]["block_count"])
    fs = LittleFS(
        context=flash, block_size=BLOCK, read_size=32, lookahead_size=32, block_cycles=100,
        mount=False, **PORTS[port],
    )  # fmt: skip
    fs.format()
    fs.mount()
    fs.makedirs("lib")
    for number in range(60):
        with fs.open(f"lib/m{number}.mpy", "wb") as file:
            file.write(bytes(2500))
    for number, size in enumerate(sizes):
        with fs.open(f"ledger{number}.bin", "wb") as file:
            file.write(bytes(size))
    flash.erased.clear()
    return flash, fs


def write(fs: LittleFS, number: int, offset: int, data: bytes) -> None:
    """Change a part of a piece, as boards/common/files.py does."""
    file = lfs.file_open(fs.fs, f"ledger{number}.bin", "r+")
    lfs.file_seek(fs.fs, file, offset, 0)
    lfs.file_write(fs.fs, file, data)
    lfs.file_close(fs.fs, file)


def saves(port: str, slot: int = SLOT) -> Flash:
    """Return the flash after SAVES alternating saves into the two slots, each a file of its own
    of `slot` bytes."""
    flash, fs = formatted(port, (slot,) * 3)
    for number in range(SAVES):
        write(fs, 1 + (number & 1), 0, number.to_bytes(4, "big") * (USED // 4))
    return flash


def profile(port: str, entries: int) -> Flash:
    """Return the flash after so many entries of the load profile, each in its place and with no
    save of the ledger between them."""
    flash, fs = formatted(port, PIECES)
    for number in range(entries):
        at = PROFILE_AT + number % PLACES * ENTRY
        entry = number.to_bytes(4, "big") * 4
        for piece, first in enumerate(STARTS):
            low, high = max(at, first), min(at + ENTRY, first + PIECES[piece])
            if low < high:
                write(fs, piece, low - first, entry[: high - low])
    return flash


@pytest.fixture(params=sorted(PORTS))
def port(request):
    return request.param


def per_save(flash: Flash) -> float:
    return sum(flash.erased.values()) / SAVES


def test_on_a_pico_a_small_file_erases_a_block_in_four_saves():
    flash = saves("rp2")
    assert 0.2 < per_save(flash) < 0.3
    assert max(flash.erased.values()) <= 101, "moves on after 100 erases of a block"


def test_a_file_of_the_size_of_the_fram_would_cost_twelve_times_as_much():
    assert per_save(saves("rp2", 8192)) > 10 * per_save(saves("rp2"))


def test_on_an_esp32_a_save_erases_one_block_each_time_another():
    flash = saves("esp32")
    assert 0.9 < per_save(flash) < 1.1
    assert len(flash.erased) > 400 and max(flash.erased.values()) < 20


def test_the_load_profile_erases_a_block_and_a_quarter_an_entry_at_most(port):
    """An entry copies the block of its file, 6 in 1680 lie across the end of a file and copy two;
    now and then the directory is written anew. The ledger is saved once more for each."""
    flash = profile(port, PLACES)
    erases = sum(flash.erased.values())
    print(f"{port}: {erases / PLACES:.2f} blocks an entry, {erases * A_YEAR // PLACES} a year")
    assert erases <= 1.25 * PLACES
    of_a_save = per_save(saves(port))
    a_year = A_YEAR * (erases / PLACES + of_a_save)
    assert a_year < 42_000
    free = len(flash.erased)  # blocks that take turns
    assert free > 250
    assert free * 100_000 / a_year > 600, "years until these are worn out"
