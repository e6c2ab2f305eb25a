"""Tokens with one wrong digit: in 10^6 tries no more pass than expected of a 16-bit CRC."""

import pytest
import sts_flips

from sts_portable import crc


@pytest.mark.parametrize(
    "tries", [sts_flips.TRIES // 10, pytest.param(sts_flips.TRIES, marks=pytest.mark.long)]
)
def test_wrong_digits(capsys, tries):
    found = sts_flips.run(tries)
    with capsys.disabled():
        print(f"\n{found}")
    assert found.tries >= tries
    assert found.accepted <= found.passed <= sts_flips.most_by_chance(found.expected)
    assert found.compared > tries // 2
    assert found.passed > 0 or tries < sts_flips.TRIES  # 12.7 are expected of a million


def test_a_weaker_check_would_be_seen(monkeypatch):
    monkeypatch.setattr(crc, "matches", lambda cls, block: crc.field(cls, block) >> 8 == block[6])
    found = sts_flips.run(sts_flips.TRIES // 50)
    assert found.passed > sts_flips.most_by_chance(found.expected)


def test_the_flips_of_a_token():
    flips = sts_flips.flips("01234567890123456789")
    assert len(set(flips)) == sts_flips.TRIES_A_TOKEN
    assert flips[0] == "11234567890123456789"
    assert flips[-1] == "01234567890123456788"


@pytest.mark.parametrize(("expected", "most"), [(1e-9, 0), (1, 9), (12.7, 33)])
def test_chance(expected, most):
    """Check the Poisson tail of one in a million: mean 1 exceeds 9 with 1.1e-7, 8 with 1.1e-6."""
    assert sts_flips.most_by_chance(expected) == most
