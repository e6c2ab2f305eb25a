"""The heap that a meter leaves free on the emulated board, from each place of its code."""

import json
import tempfile
import time
from pathlib import Path
from typing import Any

from tjugo.device import images, load, sample_meter, targets
from tjugo.device.console import Console
from tjugo.emulated import qemu_flash
from tjugo.emulated.qemu import QemuBoard
from tjugo.emulated.qemu_build import HEAP_BYTES, firmware
from tjugo.errors import TjugoError

FILES, ROM, FROZEN = "files", "rom", "frozen"
PLACES = (FILES, ROM, FROZEN)

CORE = sample_meter.SETTINGS
SMALL_BYTES = 128 * 1024
# All features of the meter but its page.
FULL: dict[str, Any] = {
    **CORE,
    "features": "full",
    "emergency_wh": 1000,
    "friendly_days": 1,
    "malignant": {"mode": 2},
    "profile": 1,
    "export": 1,
    "demand_period_min": 15,
    "tariffs": [[127, 0, 1]],
}
# The meter's page, and Home Assistant besides; the emulated board has no network to use them on.
PAGE: dict[str, Any] = {"page": {}}
PAGE_AND_HOME: dict[str, Any] = {**PAGE, "home_assistant": {"host": "10.0.0.1"}}
_TOKENS = 3
_TOKEN_WH = 50_000
_CODES = ("800", "801", "814", "851", "301")
_START_S = 60.0
_REPORTS = 2  # of the heap after each step: the second one begins after it


def lowest_free(place: str, settings: dict[str, Any], heap_bytes: int = HEAP_BYTES) -> int:
    """Return the lowest free heap after garbage collection, bytes, of a meter that starts, takes
    tokens, shows short codes and supplies a load. heap_bytes: of the board, if its code is not
    frozen. Raise TjugoError, also if a token is not taken.
    """
    with tempfile.TemporaryDirectory(prefix="tjugo-heap-") as folder:
        flash = Path(folder) / "flash"
        image = _prepare(place, settings, flash, heap_bytes)
        with QemuBoard(image, flash) as board, Console(board.port) as console:
            selftest = console.wait_for("selftest", _START_S)
            if "safe" in selftest:
                raise TjugoError(f"The meter does not start: {selftest['last_crash']}.")
            found = [selftest["free"]]
            for command, credit_wh in _work():
                console.send(command)
                found += _free(console, credit_wh)
    return min(found)


def _work() -> list[tuple[dict[str, Any], int]]:
    """Return the commands to the board, in order, each with the credit after it if it is a token,
    else 0."""
    tokens = sample_meter.tokens(_TOKENS)
    keys = [({"keys": f"{token}#"}, _TOKEN_WH * n) for n, token in enumerate(tokens, 1)]
    return [*keys, ({"load_w": 2000}, 0), *(({"keys": f"#{code}#"}, 0) for code in _CODES)]


def _free(console: Console, credit_wh: int) -> list[int]:
    """Return the free heap that the board reports after a command, when it has this credit.

    Raise TjugoError if the meter was started again meanwhile: memory may have been too little.
    """
    found: list[int] = []
    deadline = time.monotonic() + _START_S
    while len(found) < _REPORTS or credit_wh:
        for message in console.read():
            if "selftest" in message:
                raise TjugoError(f"The meter restarted: {message['selftest']['last_crash']}.")
            if message.get("report", {}).get("credit_wh") == credit_wh:
                credit_wh = 0
            if "mem" in message:
                found.append(message["mem"]["free"])
        if time.monotonic() > deadline:
            raise TjugoError("The meter does not report its memory, or did not take a token.")
    return found


def _prepare(place: str, settings: dict[str, Any], flash: Path, heap_bytes: int) -> Path:
    """Write a flash, and return the firmware for it."""
    board = targets.target("qemu_mps2")
    kept = {"settings.json": json.dumps(settings).encode()}
    if place == FROZEN:
        qemu_flash.write_image(flash, kept)
        return images.image(board, "meter")
    made = load.load(board, "meter", qemu_flash.ROM_BYTES if place == ROM else 0)
    qemu_flash.write_image(flash, {**made.files, **kept}, made.image)
    return firmware(heap_bytes=heap_bytes)
