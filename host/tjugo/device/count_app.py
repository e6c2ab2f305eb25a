"""The cost of the applications on the emulated Cortex-M3: starting, their hot paths, their size.

`tjugo count app` prints the figures; `--budgets FILE` stores them, too.
"""

import json

from tjugo.device import sample_meter, targets
from tjugo.device.count import count_instructions
from tjugo.emulated.qemu_build import BOARD

SUITE = "app"  # its name beside those of count.SUITES

_METER = {**sample_meter.SETTINGS, "tokens": sample_meter.tokens(4)}
_COLLECTOR = {
    "id": "c1",
    "broker": {"host": "broker"},
    "meters": [{"address": 1, "drn": _METER["drn"]}],
}
# role -> script in boards/qemu_mps2/count, and the board's settings
_SUITES = {"meter": ("meter_app.py", _METER), "collector": ("collector_app.py", _COLLECTOR)}
# Keeps the job folder from being made at the start that is counted: how long littlefs looks for a
# free block depends on the size of every file.
_IN_JOB_FOLDER = "jobs/folder"
# Modules that the scripts need and the role does not.
_MORE = ("meterbus.client",)


def figures() -> dict[str, int]:
    """Return every figure by name; those without instructions have none. Raise TjugoError."""
    board = targets.target(BOARD.name)
    found = {}
    for role, (script, settings) in _SUITES.items():
        files = targets.files(board, role, more=_MORE)
        sizes = [len(content) for name, content in files.items() if name.endswith(".mpy")]
        found[f"app.{role}.mpy_bytes"] = sum(sizes)
        del files[targets.MAIN]
        files["settings.json"] = json.dumps(settings).encode()
        files[_IN_JOB_FOLDER] = b""
        for name, row in count_instructions(BOARD / "count" / script, files).items():
            found[f"{name}.heap_bytes"] = row["heap_bytes"]
            if row["instructions"]:
                found[f"{name}.m3_instructions"] = row["instructions"]
    return found
