"""The cost of decoding and of the applications on the emulated Cortex-M3 against the budgets.

A file of budgets contains the last measured figures, which may be exceeded by 2 percent, and fixed
limits. The measured figures are changed on purpose only: the command after a file's name below
writes the current ones.
"""

import json
from functools import cache
from pathlib import Path

import pytest

from tjugo.device import count, count_app

pytestmark = pytest.mark.long

SOURCES = {
    "budgets.json": count.figures,  # tjugo count --budgets FILE
    "budgets_app.json": count_app.figures,  # tjugo count app --budgets FILE
}
BUDGETS = {name: json.loads((Path(__file__).parent / name).read_text()) for name in SOURCES}
SLACK_PERCENT = 2


def rows(kind):
    return [(file, name) for file in SOURCES for name in sorted(BUDGETS[file][kind])]


@cache
def measured(file):
    return SOURCES[file]()


@pytest.mark.parametrize("file", SOURCES)
def test_every_figure_has_a_budget(emulator, file):
    assert sorted(measured(file)) == sorted(BUDGETS[file]["measured"])


@pytest.mark.parametrize(("file", "name"), rows("measured"))
def test_budget(emulator, file, name):
    found, budget = measured(file)[name], BUDGETS[file]["measured"][name]
    assert found * 100 <= budget * (100 + SLACK_PERCENT), f"{found:,}, budget {budget:,}"


@pytest.mark.parametrize(("file", "name"), rows("limits"))
def test_limit(emulator, file, name):
    found, limit = measured(file)[name], BUDGETS[file]["limits"][name]
    assert found <= limit, f"{found:,}, limit {limit:,}"


KNOWN = """\
import micropython
from counter import measure
@micropython.asm_thumb
def two_each(r0):
    label(LOOP)
    sub(r0, 1)
    bne(LOOP)
measure("10000", lambda: two_each(5000))
measure("30000", lambda: two_each(15000))
measure("list", lambda: [0] * 1000)
"""


def test_known_machine_code_is_counted_exactly(emulator, tmp_path):
    script = tmp_path / "known.py"
    script.write_text(KNOWN)
    first, second = (count.count_instructions(script, {}) for _ in range(2))
    for name in first:
        assert abs(first[name]["instructions"] - second[name]["instructions"]) <= 2
        assert first[name]["heap_bytes"] == second[name]["heap_bytes"]
    more = first["30000"]["instructions"] - first["10000"]["instructions"]
    assert abs(more - 20000) <= 20
    assert first["10000"]["heap_bytes"] == 0
    assert 4000 <= first["list"]["heap_bytes"] <= 4200
