"""What decoding costs on the emulated Cortex-M3, against the budgets kept beside this file.

budgets.json has what was measured last, which may be exceeded by 2 percent, and the limits that
hold whatever was measured. What was measured changes on purpose only:
`python -m tjugo.device.count --budgets tests/device/budgets.json` writes what is measured now.
"""

import json
from pathlib import Path

import pytest

from tjugo.device import count

BUDGETS = json.loads((Path(__file__).parent / "budgets.json").read_text())
MEASURED, LIMITS = BUDGETS["measured"], BUDGETS["limits"]
SLACK_PERCENT = 2


@pytest.fixture(scope="module")
def figures(emulator) -> dict[str, int]:
    """Every figure of every suite."""
    found: dict[str, int] = {}
    for suite in count.SUITES.values():
        found.update(count.run_suite(suite))
    return found


def test_every_figure_has_a_budget(figures):
    assert sorted(figures) == sorted(MEASURED)


@pytest.mark.parametrize("name", sorted(MEASURED))
def test_budget(figures, name):
    assert figures[name] * 100 <= MEASURED[name] * (100 + SLACK_PERCENT), (
        f"{name} is {figures[name]:,}, its budget {MEASURED[name]:,}"
    )


@pytest.mark.parametrize("name", sorted(LIMITS))
def test_limit(figures, name):
    assert figures[name] <= LIMITS[name], f"{name} is {figures[name]:,}, limit {LIMITS[name]:,}"


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
