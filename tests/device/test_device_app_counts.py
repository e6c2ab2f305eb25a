"""What the applications cost on the emulated Cortex-M3, against the budgets kept beside this file.

A budget is changed on purpose only:
`python -m tjugo.device.count_app --budgets tests/device/budgets_app.json` writes what is measured.
"""

import json
from pathlib import Path

import pytest

from tjugo.device import count_app

BUDGETS = json.loads((Path(__file__).parent / "budgets_app.json").read_text())
MEASURED, LIMITS = BUDGETS["measured"], BUDGETS["limits"]
SLACK_PERCENT = 2


@pytest.fixture(scope="module")
def figures(emulator) -> dict[str, int]:
    return count_app.figures()


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
