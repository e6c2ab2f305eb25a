"""Faults that a soak must detect."""

import pytest

from tjugo.bench.soak_checks import Account, Sale, Series, accounts, problems


def series(*samples):
    return Series("meter heap", 4096, list(samples))


def test_a_saw_that_comes_back_to_its_floor_is_flat():
    assert series(*[50_000 + 7000 * (i % 10) for i in range(200)]).is_flat()


def test_growth_after_warm_up_is_noticed():
    assert not series(*[50_000 + 100 * i for i in range(200)]).is_flat()


def test_growth_during_warm_up_is_not_counted():
    assert series(*[min(90_000, 50_000 + 1000 * i) for i in range(200)]).is_flat()


def test_too_few_samples_say_nothing():
    few = series(1, 10**9)
    assert few.floors() is None and few.is_flat()


def test_what_was_not_measured_is_no_sample():
    empty = series()
    empty.add(None)
    assert empty.samples == []


def sale(state, **options):
    return Sale("id-1", "01000000010", 5000, "0" * 20, state=state, **options)


@pytest.mark.parametrize(
    ("found", "word"),
    [
        (sale("issued"), "is issued"),
        (sale("at_collector"), "is at_collector"),
        (sale("refused"), "is refused"),
    ],
)
def test_a_token_that_did_not_arrive_is_a_problem(found, word):
    (problem,) = problems([found], [], [])
    assert word in problem


def test_accepted_tokens_and_those_keyed_first_are_none():
    assert problems([sale("accepted"), sale("refused", keyed=True)], [], []) == []


@pytest.mark.parametrize(("credit", "difference"), [(2000, 0), (1999, -1), (7000, 5000)])
def test_the_accounts_must_agree_to_the_watt_hour(credit, difference):
    (account,) = accounts(
        [sale("accepted")], {"01000000010": {"energy_wh": 3000, "credit_wh": credit}}
    )
    assert account.difference_wh == difference
    assert len(problems([], [account], [])) == (difference != 0)


def test_a_meter_that_was_sold_nothing_has_nothing():
    (account,) = accounts([], {"1": {"energy_wh": 0, "credit_wh": 0}})
    assert account == Account("1", 0, 0, 0) and account.difference_wh == 0


def test_a_meter_that_does_not_report_is_a_problem_and_not_0():
    (account,) = accounts([], {"1": {"energy_wh": None, "credit_wh": None}})
    assert account.difference_wh is None
    assert problems([], [account], []) == ["meter 1: what it has used and left is unknown"]


def test_memory_that_grew_is_named():
    (problem,) = problems([], [], [series(*[50_000 + 100 * i for i in range(200)])])
    assert problem.startswith("meter heap grew")
