"""The heap that a meter leaves free on the emulated board, from each place of its code."""

import json
import tempfile
from pathlib import Path
from typing import Any

from tjugo.device import images, load, sample_meter, targets
from tjugo.device.console import Console
from tjugo.emulated import qemu_flash
from tjugo.emulated.qemu import QemuBoard
from tjugo.emulated.qemu_build import firmware
from tjugo.errors import TjugoError

FILES, ROM, FROZEN = "files", "rom", "frozen"
PLACES = (FILES, ROM, FROZEN)

CORE = sample_meter.SETTINGS
# All features of the meter.
FULL: dict[str, Any] = {
    **CORE,
    "features": "full",
    "emergency_wh": 1000,
    "friendly_days": 1,
    "malignant": {"mode": 2},
    "profile": 1,
}
_TOKENS = 3
_CODES = ("800", "801", "814", "851", "301")
_START_S = 60.0
_REPORTS = 2  # of the heap after each step: the second one begins after it


def lowest_free(place: str, settings: dict[str, Any]) -> int:
    """Return the lowest free heap after garbage collection, bytes, of a meter that starts, takes
    tokens, shows short codes and supplies a load. Raise TjugoError.
    """
    with tempfile.TemporaryDirectory(prefix="tjugo-heap-") as folder:
        flash = Path(folder) / "flash"
        image = _prepare(place, settings, flash)
        with QemuBoard(image, flash) as board, Console(board.port) as console:
            selftest = console.wait_for("selftest", _START_S)
            if "safe" in selftest:
                raise TjugoError(f"The meter does not start: {selftest['last_crash']}.")
            found = [selftest["free"]]
            for command in _work():
                console.send(command)
                found += [console.wait_for("mem", _START_S)["free"] for _ in range(_REPORTS)]
    return min(found)


def _work() -> list[dict[str, Any]]:
    """Return the commands to the board, in order."""
    keys = [{"keys": f"{token}#"} for token in sample_meter.tokens(_TOKENS)]
    return [*keys, {"load_w": 2000}, *({"keys": f"#{code}#"} for code in _CODES)]


def _prepare(place: str, settings: dict[str, Any], flash: Path) -> Path:
    """Write a flash, and return the firmware for it."""
    board = targets.target("qemu_mps2")
    kept = {"settings.json": json.dumps(settings).encode()}
    if place == FROZEN:
        qemu_flash.write_image(flash, kept)
        return images.image(board, "meter")
    made = load.load(board, "meter", qemu_flash.ROM_BYTES if place == ROM else 0)
    qemu_flash.write_image(flash, {**made.files, **kept}, made.image)
    return firmware()
