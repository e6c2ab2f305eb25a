"""A meter on the emulated Pico with display, key pad, relay and S0 input in use at the same time.

`python tests/device/pico/hour.py --minutes 60` prints what was counted in that time of the
emulator's clock, and fails if anything was lost. In each cycle a token is keyed in and accepted,
the relay closes, the pulses of its energy arrive at changing rates, the same token is keyed in and
refused meanwhile, and with the last pulse the relay opens. Contacts and pulses are driven in
emulated time; the picture is decoded from what the display received over I2C.
"""

import json
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

_REPO = Path(__file__).resolve().parents[3]
_TESTS = _REPO / "tests"
sys.path[:0] = [str(_TESTS / "device"), str(_TESTS / "host" / "portable"), str(_REPO / "firmware")]

from hour_count import Count, Picture, failures  # noqa: E402
from hour_plan import (  # noqa: E402
    CLOSE,
    HOUR,
    KEY_DOWN_MS,
    KEYS,
    MS,
    OPEN,
    PULSE,
    UART,
    Plan,
    S,
)
from meter_board import SETTINGS  # noqa: E402
from modbus_client import ModbusClient  # noqa: E402

from tjugo.device import targets  # noqa: E402
from tjugo.device.console import Console  # noqa: E402
from tjugo.emulated import pico_build  # noqa: E402
from tjugo.emulated.pico import PicoBoard  # noqa: E402
from tjugo.emulated.pico_flash import write_flash  # noqa: E402

CHIPS = ("ssd1306", "fram")
_SETTINGS = {"watchdog": False, "display": "ssd1306"}
_START_SECONDS = 300.0
_ANSWER_SECONDS = 10.0
_SOON_NS = 20 * S
_SAY_NS = 60 * S
_POLL_NS = 2 * S


def flash(path: Path) -> None:
    """Write the flash of the meter, with the report of the heap."""
    files = targets.files(targets.target("rp2040_pico"), "meter")
    files["lib/wired.mpy"] = files.pop("lib/board.mpy")
    files["board.py"] = (Path(__file__).parent / "counted_board.py").read_bytes()
    files["settings.json"] = json.dumps({**SETTINGS, **_SETTINGS}).encode()
    write_flash(path, files)


def run(image: Path, folder: Path, plan: Plan, say=lambda line: None) -> Count:
    """Run the plan and return what was counted."""
    flash(folder / "flash")
    count = Count()
    with PicoBoard(image, folder / "flash", CHIPS) as board, Console(board.port) as console:
        console.wait_for("selftest", _START_SECONDS)
        with ModbusClient(board.uart(UART), _ANSWER_SECONDS) as bus:
            before = bus.state(_START_SECONDS)["energy_wh"]
            start = _begin(board, plan, count)
            _watch(board, console, bus, count, start + plan.cycles * plan.cycle_s * S, say)
            state = bus.state(_START_SECONDS)
    count.seconds = plan.cycles * plan.cycle_s
    count.pulses_counted = state["energy_wh"] - before
    count.credit = state["credit"]
    return count


def _begin(board: PicoBoard, plan: Plan, count: Count) -> float:
    """Plan all keys and pulses; return the time when they begin, ns."""
    board.drive(PULSE, 1)
    board.watch(OPEN, CLOSE)
    pulses = plan.pulses()
    keys = plan.keys()
    start = board.now_ns() + _SOON_NS
    for key, pins in KEYS.items():
        levels = [
            (at + after, closed)
            for at, pressed in keys
            if pressed == key
            for after, closed in ((0.0, True), (KEY_DOWN_MS * MS, False))
        ]
        late = board.press(*pins, _steps(levels), start=start)
    late = max(late, board.play(PULSE, _steps(pulses), start=start))
    assert late < start, "this machine is too slow to plan in time"
    count.pulses_in = sum(level == 0 for _at, level in pulses)
    count.keyed = len(keys)
    return start


def _steps(levels: list[tuple[float, Any]]) -> list[tuple[float, Any]]:
    """Return the steps for PicoBoard.play of (ns from the start, level)."""
    times = [0.0, *(at for at, _level in levels)]
    return [(at - times[i], level) for i, (at, level) in enumerate(levels)]


def _watch(board, console, bus, count: Count, end: float, say) -> None:
    """Collect what the board does until the time `end`, ns."""
    picture = Picture()
    begun, now = time.monotonic(), board.now_ns()
    first, said, polled = now, now, now
    while now < end:
        now = board.now_ns()
        if now - polled > _POLL_NS:
            polled = now
            bus.state(_START_SECONDS)
            count.polls += 1
            board.characters(UART)
            now = board.now_ns()
        transfers = board.transfers("ssd1306")
        count.transfers += len(transfers)
        count.pictures += picture.take(transfers, now)
        count.coils += board.edges()
        for message in console.read():
            count.crashes += "selftest" in message  # it has started again
            if "mem" in message:
                count.used.append(message["mem"]["used"])
                count.lowest_free = message["mem"]["lowest_free"]
        if now - said > _SAY_NS:
            said = now
            speed = (now - first) / S / (time.monotonic() - begun)
            say(f"{(now - first) / S:.0f} s of the emulated clock, {speed:.1f} times real time")


def _say(line: str) -> None:
    print(line, flush=True)


@click.command()
@click.option("--minutes", type=float, default=60, show_default=True)
def main(minutes: float) -> None:
    """Run for the time of the emulator's clock, in whole cycles; print the counts."""
    plan = replace(HOUR, cycles=max(1, round(minutes * 60 / HOUR.cycle_s)))
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tjugo-pico-hour-") as folder:
        count = run(pico_build.firmware(_say), Path(folder), plan, _say)
    _say(count.line())
    wrong = failures(plan, count)
    wrong_text = f"; not as planned: {', '.join(wrong)}" if wrong else ""
    _say(f"{(time.monotonic() - begun) / 60:.1f} minutes of this machine's time{wrong_text}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
