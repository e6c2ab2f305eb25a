"""The credit limit of a vending key, counted at the end of a unit of work."""

import pytest
from station_kit import do, see

from tjugo.key_register import VendingKey
from tjugo.station.keys import use
from tjugo.station.keys.backend import SoftBackend

FREE, LIMITED, OTHER = (1, 1, 2), (2, 1, 2), (3, 9, 3)


@pytest.fixture
def station(station):
    """Return the station of money_kit, on either database, with these keys."""
    keys = [
        VendingKey(sgc=1, vk="01" * 20),
        VendingKey(sgc=2, vk="02" * 20, limit_tenths=1000),
        VendingKey(sgc=3, krn=9, kt=3, vk="03" * 20, limit_tenths=0),
    ]
    station.backend = SoftBackend(keys)
    return station


def test_a_limit_is_reached_to_the_tenth(station):
    assert do(station, use.check_and_count, [(LIMITED, 999)]) == [True]
    assert do(station, use.check_and_count, [(LIMITED, 2)]) == [False]
    assert see(station, use.used) == {LIMITED: 999}
    assert do(station, use.check_and_count, [(LIMITED, 1)]) == [True]
    assert see(station, use.used) == {LIMITED: 1000}


def test_a_batch_is_decided_in_its_order(station):
    wanted = [(LIMITED, 600), (FREE, 10**9), (OTHER, 1), (LIMITED, 500), (LIMITED, 400)]
    assert do(station, use.check_and_count, wanted) == [True, True, False, False, True]
    assert see(station, use.used) == {LIMITED: 1000, FREE: 10**9, OTHER: 0}


def test_nothing_is_counted_when_the_work_is_rolled_back(station):
    with pytest.raises(RuntimeError), station.work("test") as work:
        use.check_and_count(work, [(LIMITED, 1000)])
        raise RuntimeError
    assert see(station, use.used) == {}
    assert do(station, use.check_and_count, [(LIMITED, 1000)]) == [True]


def test_a_key_that_is_gone_is_counted(station):
    assert do(station, use.check_and_count, [((77, 1, 2), 5), ((77, 1, 2), 6)]) == [True, True]
    assert see(station, use.used) == {(77, 1, 2): 11}


def test_the_sentence_names_the_key(station):
    error = use.limit_reached(station.backend.vending_register(2, 2, 1))
    assert error.code == "key_limit_reached" and "SGC 000002" in error.message
