"""The load profile under power cuts at every byte of every write, over more than two days."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent / "portable"))

import profile_rig
from profile_rig import Cuts

from meterbus import descriptions

HALF_HOURS = 104  # over two midnights, the second one a month's end


def test_the_numbers_of_the_rig_are_those_of_the_tables():
    names = ("FILE_EVENTS", "FILE_PROFILE", "FILE_DAYS", "FILE_MONTHS")
    names += ("POWER_FAILED", "CLOCK_SET", "NO_TIME", "OVERFLOW")
    assert all(getattr(profile_rig, name) == getattr(descriptions, name) for name in names)


def test_no_power_cut_loses_or_invents_an_entry():
    cuts = Cuts(HALF_HOURS)
    cuts.try_all()
    print(f"{cuts.points} power cuts: {len(cuts.faults)} entries lost, invented or too great")
    assert cuts.points > 30000
    assert cuts.faults == []
