"""The flash wear of a ledger in a file, counted on littlefs with the ports' sizes."""

from littlefs import LittleFS, lfs
from littlefs.context import UserContext

BLOCK = 4096
SAVES = 2000
SLOT = 512
USED = 300  # bytes of a slot
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


def saves(port: str, slot: int = SLOT) -> Flash:
    """Return the flash after SAVES alternating saves into the two slots, each a file of its own
    of `slot` bytes."""
    sizes = PORTS[port]
    flash = Flash(BLOCK * sizes["block_count"])
    fs = LittleFS(
        context=flash, block_size=BLOCK, read_size=32, lookahead_size=32, block_cycles=100,
        mount=False, **sizes,
    )  # fmt: skip
    fs.format()
    fs.mount()
    fs.makedirs("lib")
    for number in range(60):
        with fs.open(f"lib/m{number}.mpy", "wb") as file:
            file.write(bytes(2500))
    for number in range(3):
        with fs.open(f"ledger{number}.bin", "wb") as file:
            file.write(bytes(slot))
    flash.erased.clear()
    for number in range(SAVES):
        file = lfs.file_open(fs.fs, f"ledger{1 + (number & 1)}.bin", "r+")
        lfs.file_write(fs.fs, file, number.to_bytes(4, "big") * (USED // 4))
        lfs.file_close(fs.fs, file)
    return flash


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
