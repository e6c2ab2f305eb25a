"""A week of a meter's life with a power cut at every write, on a FRAM and on a flash."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent / "portable"))

from currency_week import CurrencyWeek
from energy_week import EnergyWeek
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


@pytest.mark.parametrize("seed", [7, pytest.param(8, marks=pytest.mark.long)])
def test_a_power_cut_at_every_write_of_a_meter_with_tariffs_export_and_demand(seed):
    cuts, again, wrong = live(EnergyWeek(seed, Recorder(), **SETTINGS), 250, 64, 12)
    report("FRAM", cuts, again, wrong)
    assert cuts > 1500 and again > 800


@pytest.mark.long
def test_a_power_cut_at_every_few_bytes_of_a_week_of_tariffs():
    cuts, again, wrong = live(EnergyWeek(13, Recorder(), **SETTINGS), WEEK, 16, 20)
    report("FRAM", cuts, again, wrong)
    assert cuts > 15_000 and again > 20_000


CURRENCY = {"overload_w": 12000}


@pytest.mark.parametrize("seed", [21, pytest.param(22, marks=pytest.mark.long)])
def test_a_power_cut_at_every_write_of_a_currency_meter(seed):
    cuts, again, wrong = live(CurrencyWeek(seed, Recorder(), **CURRENCY), 250, 64, 12)
    report("FRAM", cuts, again, wrong)
    assert cuts > 1500 and again > 800


@pytest.mark.long
def test_a_power_cut_at_every_few_bytes_of_a_week_of_a_currency_meter():
    cuts, again, wrong = live(CurrencyWeek(23, Recorder(), **CURRENCY), WEEK, 16, 20)
    report("FRAM", cuts, again, wrong)
    assert cuts > 15_000 and again > 20_000


def test_the_judge_finds_money_that_was_charged_twice():
    week = CurrencyWeek(24, Recorder(), **CURRENCY)
    for _ in range(40):
        before = week.state()
        name, digits = week.step()
    after, memory = week.state(), week.memory.data
    assert judge(Recorder(memory), week, before, after, name, digits) == ""
    for states in (before, after):
        states.paid += 1
    assert "paid" in judge(Recorder(memory), week, before, after, name, digits)


def test_the_judge_finds_energy_of_a_wrong_rate():
    week = EnergyWeek(9, Recorder(), **SETTINGS)
    for _ in range(40):
        before = week.state()
        name, digits = week.step()
    after = week.state()
    memory = week.memory.data
    assert judge(Recorder(memory), week, before, after, name, digits) == ""
    for states in (before, after):
        states.rates_wh = [wh + 100 * (wh > 0) for wh in states.rates_wh]
    assert "rates" in judge(Recorder(memory), week, before, after, name, digits)


def test_a_power_cut_at_every_program_and_erase_of_a_flash():
    cuts, again, wrong = live(EnergyWeek(3, FlashRecorder(), **SETTINGS), 30, 128, 50)
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
    after.credit += 5000
    assert "credit" in judge(Recorder(week.memory.data), week, before, after, name, digits)
    # A meter from before the token has it still to come.
    assert "twice" in judge(Recorder(start), week, before, before, "pulses", [])
