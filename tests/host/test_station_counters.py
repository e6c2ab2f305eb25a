"""Numbers without gaps, reserved ahead of their use where a server is to be waited for."""

from contextlib import nullcontext

import pytest
from station_kit import do, see

from tjugo.station import counters
from tjugo.station.audit import chain


def test_reserved_numbers_are_taken_first_and_others_follow_them(station):
    with station.work("test") as work:
        assert counters.take(work, {"a": 2}) == {"a": 1}
        counters.reserve(work, {"b": 3, "a": 2})
        assert counters.take(work, {"a": 1, "b": 5}) == {"a": 3, "b": 1}
        assert counters.take(work, {"a": 2}) == {"a": 4}
        assert counters.take(work, {"b": 1}) == {"b": 6}


def test_a_reserved_number_that_is_not_used_is_no_gap(station):
    """On SQLite nothing is reserved."""
    waits = station.database.name != str(station.path)
    ends = pytest.raises(RuntimeError, match="numbers are left of a") if waits else nullcontext()
    with ends, station.work("test") as work:
        counters.reserve(work, {"a": 2})
        counters.take(work, {"a": 1})
    assert do(station, counters.take, {"a": 1}) == {"a": 1 if waits else 2}


@pytest.mark.parametrize("reserved", [1, 2, 3])
def test_the_chain_holds_with_numbers_that_were_reserved(station, reserved):
    do(station, chain.record, "test.before", "x")
    with station.work("test") as work:
        counters.reserve(work, {chain.SERIES: reserved}, chain.digest_before(work, reserved))
        for number in range(3):
            chain.record(work, "test.event", f"x {number}")
    do(station, chain.record, "test.after", "x")
    count, wrong = see(station, chain.verify)
    assert count >= 5 and wrong == []
