"""A short part of a meter's week with power cuts, see meter_week.py, on every interpreter."""

import gc

import meter_rig  # noqa: F401  before meter_week: how deep imports go is limited
from meter_week import Recorder, Week, live


def test_a_power_cut_at_writes_of_a_few_actions():
    Recorder.size = 3072  # the places of 64 events are enough, and the heap is small
    week = Week(6, Recorder(), features="core", overload_w=12000)
    gc.collect()
    cuts, again, wrong = live(week, 24, 256, 8)
    assert not wrong, wrong
    assert cuts > 60 and again > 10
    return cuts, again
