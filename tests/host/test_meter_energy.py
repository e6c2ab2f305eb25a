"""A thousand million pulses: no Wh is lost or invented."""

import random
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent / "portable"))

from meter_rig import meter
from meter_week import Whole

WRAP = 1 << 32


@pytest.mark.parametrize("constant", [800, 1000, 1600, 3200, 10_000])
def test_two_hundred_million_pulses_in_random_batches(constant):
    numbers = random.Random(constant)
    account = meter(Whole(), constant).account
    pulses = 0
    while pulses < 200_000_000:
        batch = numbers.choice([1, 7, 1000, numbers.randrange(1, 1_000_000)])
        account.credit = 500_000_000
        before = pulses * 1000 // constant
        pulses += batch
        wh = account.count(batch)
        assert wh == pulses * 1000 // constant - before
        assert account.credit == 500_000_000 - wh
        assert account.energy_wh == pulses * 1000 // constant % WRAP
        assert account.remainder == pulses * 1000 % constant


def test_pulses_with_restarts_cost_no_more_than_one_saving_step_each():
    """The energy since the last save is lost with the power, never more, and none is invented."""
    numbers = random.Random(4)
    memory = Whole()
    device, pulses, starts = meter(memory, 1600), 0, 0
    for _ in range(20_000):
        batch = min(numbers.randrange(1, 60), device.pulse_limit())
        device.pulses(batch)
        pulses += batch
        if numbers.random() < 0.01:
            energy = device.account.energy_wh
            device, starts = meter(memory, 1600), starts + 1
            lost = energy - device.account.energy_wh
            assert 0 <= lost < 10
            pulses = (device.account.energy_wh * 1600 + device.account.remainder) // 1000
        assert device.account.energy_wh == pulses * 1000 // 1600
    assert starts > 100


def test_the_energy_register_wraps_and_counts_on():
    device = meter(Whole(), 1000)
    device.account.energy_wh = WRAP - 3
    assert device.account.count(10) == 10
    assert device.account.energy_wh == 7
