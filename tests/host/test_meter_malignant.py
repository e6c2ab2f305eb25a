"""Malignant load: a sample of the benchmark's days, and the restorations as a state machine."""

import sys
from pathlib import Path

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.append(str(Path(__file__).parent / "portable"))

from check_meter_malignant import device, plug, reasons
from meter_rig import Memory, PowerCut

from meterbus import codes

pytest.importorskip("numpy", reason="the random days need numpy")

from tjugo.benchmarks.malignant import oracle, signal, trial

SEEDS = {
    signal.PF_VAR_05: range(900, 908),
    signal.PF_1: range(910, 920),
    signal.VI_BL0942: range(920, 928),
    signal.VI_1: range(930, 940),
}


def test_days_of_appliances():
    total = trial.Score()
    for part, seeds in SEEDS.items():
        total.add(trial.run(part, seeds))
    assert total.steps.total() > 1200
    assert total.recall() > 0.988
    assert total.false.total() == 0
    assert total.decision_ms(0.99) < 3000


def test_an_oracle_finds_more_than_the_detector_in_the_same_readings():
    shown = steps = found = 0
    for seed in range(940, 952):
        day = signal.make_day(seed)
        samples = signal.measure(day, signal.VI_1, seed)
        one, of = oracle.shown(day, samples)
        shown, steps = shown + one, steps + of
        found += trial.run(signal.VI_1, [seed]).found.total()
        samples.missing[:] = True
        assert oracle.shown(day, samples) == (0, of)
    assert steps > 300 and found <= shown < steps


@pytest.mark.long
@pytest.mark.parametrize("name", ["pf and var", "pf", "current"])
def test_many_days_of_appliances(name):
    total = trial.Score()
    for i, part in enumerate(signal.CLASSES[name]):
        total.add(trial.run(part, range(1001 + 2 * i, 1401, 2 * len(signal.CLASSES[name]))))
    assert total.days > 150
    assert total.recall() > 0.989
    assert total.false.total() <= 1


def test_samples_that_are_left_out_change_nothing():
    module = trial.firmware()
    some = 0
    for seed, part in (
        (3, signal.PF_1),
        (5, signal.VI_1),
        (12, signal.VI_BL0942),
        (14, signal.PF_VAR_2),
    ):
        samples = signal.measure(signal.make_day(seed), part, seed)
        found = trial.verdicts(module, samples)
        assert found == trial.verdicts(module, samples, skip=False)
        some += len(found)
    assert some > 20


def test_a_day_is_the_same_each_time():
    first, again = signal.make_day(7), signal.make_day(7)
    assert first.edges == again.edges and first.steps == again.steps
    one, two = (signal.measure(first, signal.VI_1, 7) for _ in range(2))
    assert all((one.values[name] == two.values[name]).all() for name in one.values)
    assert signal.make_day(8).edges != first.edges


ACTIONS = st.one_of(
    st.just(("plug",)),
    st.tuples(st.just("wait"), st.integers(1, 50000)),
    st.just(("restart",)),
    st.tuples(st.just("cut"), st.integers(0, 256), st.integers(1, 50000)),
    st.just(("operator",)),
)


@settings(max_examples=examples(25), deadline=None)
@given(st.lists(ACTIONS, max_size=25), st.integers(0, 3))
def test_never_more_restorations_than_a_day_has(actions, restorations):
    """Count closings from outside: a day is 24 hours or more, and 24 hours touch two days."""
    memory = Memory()
    one = device(memory, restorations=restorations)
    closings: list[int] = []
    now = 0
    for action in actions:
        before = reasons(one)
        if action[0] == "plug":
            plug(one)
            now += 7
            assert reasons(one)
        elif action[0] == "operator":
            one.malignant.restore()
            closings.clear()
            assert reasons(one) == 0
            continue
        elif action[0] == "restart":
            one = device(memory, restorations=restorations)
            assert reasons(one) == before
        else:
            if action[0] == "cut":
                memory.cut_after = action[1]
            try:
                one.elapsed(action[-1] * 1000, 1000)
            except PowerCut:
                pass
            now += action[-1]
            if memory.cut_after is not None:
                memory.cut_after = None
                one = device(memory, restorations=restorations)
        if before & codes.MALIGNANT_LOCKED:
            assert reasons(one) == codes.MALIGNANT_LOCKED
        if before and not reasons(one):
            closings.append(now)
        recent = [at for at in closings if at > now - 86400]
        assert len(recent) <= 2 * restorations
