"""The metering part of a board, read while the application does not run."""

import json  # noqa: F401  Remote.call() prints with it
import time

_STEP_MS = 20
_FIRST = 2  # measurements of a part that has just started, which are left out


def measure(count: int, seconds: int) -> dict:
    """Return {"readings": [[mV, mA, 0.1 W], ...], "wrong": name of a wrong setting, "fault"}.

    At most `count` readings, within so many seconds; null for what the part does not measure.
    """
    import board

    part = board.metering
    reading = part.reading
    found: list = []
    began = last = time.ticks_ms()  # type: ignore[attr-defined]
    number, seen = reading.number, 0
    while len(found) < count and time.ticks_diff(last, began) < 1000 * seconds:  # type: ignore[attr-defined]
        time.sleep_ms(_STEP_MS)  # type: ignore[attr-defined]
        now = time.ticks_ms()  # type: ignore[attr-defined]
        part.elapsed(time.ticks_diff(now, last))  # type: ignore[attr-defined]
        last = now
        if reading.number != number:
            number = reading.number
            seen += 1
            if seen > _FIRST:
                found.append([reading.mv, reading.ma, reading.w_x10])
    return {"readings": found, "wrong": board.wrong, "fault": reading.fault}
