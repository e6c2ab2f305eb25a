"""The load profile under power cuts at every byte of every write, over more than two days."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent / "portable"))

from profile_rig import Cuts

HALF_HOURS = 104  # over two midnights, the second one a month's end


def test_no_power_cut_loses_or_invents_an_entry():
    cuts = Cuts(HALF_HOURS)
    cuts.try_all()
    print(f"{cuts.points} power cuts: {len(cuts.faults)} entries lost, invented or too great")
    assert cuts.points > 30000
    assert cuts.faults == []
