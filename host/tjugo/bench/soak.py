"""`tjugo soak`: a bench over a long time, with sales, keyed tokens and kills; then the accounts.

It runs the bench as a separate process and uses it over HTTP, as any program would.
"""

import json
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

from tjugo.bench.soak_checks import accounts, problems
from tjugo.bench.soak_run import SAMPLE_S, Soak


def _say(text: str) -> None:
    print(text, flush=True)


@dataclass(frozen=True)
class Options:
    """The options of a soak. minutes: duration. every_s: seconds of real time between sales. seed:
    repeats the kills."""

    minutes: float
    speed: int
    meters: int
    every_s: float
    kills: bool
    seed: int


def _text(value: int | None) -> str:
    return "unknown" if value is None else str(value)


def _summary(soak: Soak) -> bool:
    """Print the table and the problems; return True when there is none."""
    booked = accounts(soak.sales, soak.meters())
    _say(f"\n{'meter':<14}{'sold Wh':>10}{'used Wh':>10}{'left Wh':>10}{'lost':>6}")
    for row in booked:
        _say(
            f"{row.drn:<14}{row.sold_wh:>10}{_text(row.energy_wh):>10}{_text(row.credit_wh):>10}"
            f"{_text(row.difference_wh):>6}"
        )
    _say(f"\n{'memory':<24}{'after warm-up':>14}{'at the end':>14}")
    for series in soak.memory.values():
        floors = series.floors()
        texts = [f"{value >> 10} K" for value in floors] if floors else ["too short", "to tell"]
        _say(f"{series.name:<24}{texts[0]:>14}{texts[1]:>14}")
    found = problems(soak.sales, booked, list(soak.memory.values()))
    _say(
        f"\n{len(soak.sales)} sold, {soak.keyed_again} keyed that must be refused, "
        f"{soak.kills} kills, {len(found)} problems"
    )
    for problem in found:
        _say(f"  {problem}")
    return not found


def _run(soak: Soak, minutes: float, every_s: float) -> None:
    soak.begin()
    begun = time.monotonic()
    sales = reported = 0
    while (passed := time.monotonic() - begun) < minutes * 60:
        if passed >= sales * every_s:
            soak.minute(sales)
            sales += 1
        soak.sample()
        if passed >= (reported + 1) * 60:
            reported += 1
            _say(soak.line(reported))
        time.sleep(SAMPLE_S)
    soak.settle()
    _say(soak.line(round(minutes)))


def run(options: Options) -> int:
    """Run the bench for a long time and count; return 0 when nothing was lost and it ended without
    a problem."""
    with tempfile.TemporaryDirectory(prefix="tjugo-soak-") as state:
        argv = [sys.executable, "-m", "tjugo", "bench", "--json", "--headless", "--state", state]
        argv += ["--meters", str(options.meters), "--speed", str(options.speed)]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                line = process.stdout.readline()
                if not line:
                    return process.wait() or 1
                soak = Soak(json.loads(line), options.seed, options.kills)
                _run(soak, options.minutes, options.every_s)
                well = _summary(soak)
            finally:
                process.send_signal(signal.SIGTERM)
                status = process.wait()
    _say(f"the bench ended with status {status}")
    return 0 if well and status == 0 else 1
