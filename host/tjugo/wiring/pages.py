"""A board's wiring drawings, Wokwi diagram and pin table on its page, from its pin table.

`tjugo wiring` writes them all; `--check` only says whether they are up to date.
"""

import json
import runpy
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

from tjugo.device import targets
from tjugo.errors import TjugoError
from tjugo.generated import bring_up_to_date
from tjugo.toolchain.tools import REPO
from tjugo.wiring.outlines import MODULES, OUTLINES
from tjugo.wiring.svg import draw
from tjugo.wiring.wokwi import diagram

BOARDS = tuple(sorted(OUTLINES))
ROLES = {board: targets.roles(targets.TARGETS[board]) for board in BOARDS}
_BEGIN = "<!-- made by tjugo wiring from pins.py -->"
_END = "<!-- end -->"


def load_pins(board: str) -> SimpleNamespace:
    """Return NAME, UART, I2C and PINS of boards/<board>/pins.py."""
    return SimpleNamespace(**runpy.run_path(str(REPO / "boards" / board / "pins.py")))


def table(board: str) -> str:
    """Return the pin table in Markdown."""
    used_by = {function: m for m in reversed(MODULES) for function, _ in m.ports}
    lines = ["| wire | GPIO | on the board | at the other end | note |", "|---|---|---|---|---|"]
    for function, gpio, place, note in load_pins(board).PINS:
        module = used_by[function]
        printed = dict(module.ports)[function]
        row = f"| {function} | {gpio} | {place} | {module.title}: {printed} | {note} |"
        lines.append(row.replace("*", r"\*"))
    return "\n".join(lines)


def generated(board: str) -> dict[Path, str]:
    """Return every file generated from a board's table, with its content. Raise TjugoError."""
    folder = REPO / "boards" / board
    gpio = {row[0]: row[1] for row in load_pins(board).PINS}
    outline = OUTLINES[board]
    files = {folder / _drawing(role): draw(outline, gpio, role) for role in ROLES[board]}
    files[folder / "diagram.json"] = json.dumps(diagram(outline, gpio), indent=1) + "\n"
    page = folder / "README.md"
    files[page] = _with_table(page, table(board))
    return files


def _drawing(role: str) -> str:
    return "wiring.svg" if role == "meter" else f"wiring-{role}.svg"


def _with_table(page: Path, rows: str) -> str:
    text = page.read_text()
    before, found, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not found or not end:
        raise TjugoError(f"{page}: the lines {_BEGIN!r} and {_END!r} are missing")
    return f"{before}{_BEGIN}\n{rows}\n{_END}{after}"


def update(boards: Sequence[str], check: bool) -> list[Path]:
    """Write what is out of date, of all boards if none is named; return its paths.

    check: write nothing. Raises TjugoError.
    """
    unknown = [board for board in boards if board not in BOARDS]
    if unknown:
        raise TjugoError(f"There is no board {unknown[0]}, only {', '.join(BOARDS)}.", 2)
    old = []
    for board in boards or BOARDS:
        old += bring_up_to_date(generated(board), check)
    return old
