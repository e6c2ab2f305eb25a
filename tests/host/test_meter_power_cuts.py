"""A week of a meter's life with a power cut at every write, on a FRAM and on a flash."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent / "portable"))

from flash_memory import FlashRecorder
from meter_week import SETTINGS, Recorder, State, Week, judge, live

# Actions of a week, at some 10 minutes each.
WEEK = 1000


def report(place, cuts, again, wrong):
    print(f"{place}: {cuts:,} cut points, {again:,} in starts, {len(wrong)} violations")
    assert not wrong, wrong[:5]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_power_cut_at_every_write(seed):
    cuts, again, wrong = live(Week(seed, Recorder(), **SETTINGS), 250, 64, 12)
    report("FRAM", cuts, again, wrong)
    assert cuts > 1500 and again > 800


@pytest.mark.long
@pytest.mark.parametrize("seed", [11, 12])
def test_a_power_cut_at_every_few_bytes_of_a_week(seed):
    cuts, again, wrong = live(Week(seed, Recorder(), **SETTINGS), WEEK, 16, 10)
    report("FRAM", cuts, again, wrong)
    assert cuts > 15_000 and again > 15_000


def test_a_power_cut_at_every_program_and_erase_of_a_flash():
    cuts, again, wrong = live(Week(3, FlashRecorder(), **SETTINGS), 30, 128, 50)
    report("flash", cuts, again, wrong)
    assert cuts > 500 and again > 100


@pytest.mark.long
def test_a_power_cut_at_every_program_and_erase_of_a_flash_for_longer():
    cuts, again, wrong = live(Week(4, FlashRecorder(), **SETTINGS), 60, 128, 50)
    report("flash", cuts, again, wrong)
    assert cuts > 1_500


def test_the_judge_finds_credit_that_is_lost_and_a_token_that_is_taken_twice():
    week = Week(5, Recorder(), **SETTINGS)
    name = ""
    while name != "credit":
        start, before = week.memory.snapshot(), State(week.device)
        name, digits = week.step()
    after = State(week.device)
    assert judge(Recorder(week.memory.data), week, before, after, name, digits) == ""
    after.credit_wh += 5000
    assert "credit" in judge(Recorder(week.memory.data), week, before, after, name, digits)
    # A meter from before the token has it still to come.
    assert "twice" in judge(Recorder(start), week, before, before, "pulses", [])
