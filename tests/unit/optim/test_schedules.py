"""The learning rate over a run."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import ConfigError
from shared.optim.schedules import (
    SCHEDULES,
    Constant,
    CosineDecay,
    ExponentialDecay,
    Halving,
    Plateau,
    Progress,
    StepDecay,
    disappointments,
)

EPOCH = 4  # steps
HISTORIES = st.lists(st.integers(0, 5).map(float), max_size=60)


def factors(schedule, epochs, reductions=0):
    n_steps = epochs * EPOCH
    return [schedule.factor(Progress(step, n_steps, EPOCH, reductions)) for step in range(n_steps)]


def test_constant_is_1_at_every_step():
    assert factors(Constant(), 3) == [1.0] * 12


def test_step_falls_after_so_many_epochs():
    assert factors(StepDecay(every=2, decay=0.5), 5) == [1.0] * 8 + [0.5] * 8 + [0.25] * 4


def test_exponential_falls_with_each_epoch():
    expected = [0.9**epoch for epoch in range(6) for _ in range(EPOCH)]
    assert factors(ExponentialDecay(decay=0.9), 6) == pytest.approx(expected, rel=1e-15)


def test_cosine_falls_to_0():
    expected = [(1 + math.cos(math.pi * step / 20)) / 2 for step in range(20)]
    assert factors(CosineDecay(), 5) == pytest.approx(expected, abs=1e-15)


def test_warm_up_grows_to_1_in_the_first_steps():
    assert factors(Constant(warm_up=4), 2) == [0.25, 0.5, 0.75] + [1.0] * 5
    assert factors(Constant(warm_up=0.25), 4) == [0.25, 0.5, 0.75] + [1.0] * 13
    assert factors(Constant(warm_up=1), 1) == [1.0] * 4
    assert factors(StepDecay(every=1, decay=0.5, warm_up=8), 3)[4:] == [5 / 16, 6 / 16, 7 / 16, 8 / 16] + [0.25] * 4


def test_cosine_begins_when_the_warm_up_is_over():
    expected = [0.25, 0.5, 0.75, 1.0] + [(1 + math.cos(math.pi * step / 16)) / 2 for step in range(16)]
    assert factors(CosineDecay(warm_up=0.2), 5) == pytest.approx(expected, abs=1e-15)


def test_a_warm_up_longer_than_the_run_is_no_error():
    assert factors(CosineDecay(warm_up=100), 1) == [0.01, 0.02, 0.03, 0.04]


@pytest.mark.parametrize("n_steps", [1, 100, 10**6])
@pytest.mark.parametrize("warm_up", [0, 0.5, 7])
@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_gives_a_factor_between_0_and_1_that_depends_on_the_progress_alone(name, warm_up, n_steps):
    schedule = SCHEDULES[name](warm_up=warm_up)
    steps = sorted({0, n_steps // 2, n_steps - 1})
    found = [schedule.factor(Progress(step, n_steps, 10)) for step in steps]
    assert all(0 <= factor <= 1 for factor in found)
    assert [schedule.factor(Progress(step, n_steps, 10)) for step in reversed(steps)] == found[::-1]
    assert schedule.reductions([]) == 0
    assert not schedule.finished([])
    assert schedule.factor(Progress(0, 0, 0)) <= 1  # of a run without samples, as profiles have


def test_who_depends_on_the_end():
    ends = {name: kind().depends_on_end for name, kind in SCHEDULES.items()}
    assert [name for name, depends in ends.items() if depends] == ["cosine"]
    assert StepDecay(warm_up=0.02).depends_on_end
    assert not StepDecay(warm_up=20).depends_on_end


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("warm_up", [0, 0.25, 6])
def test_what_does_not_depend_on_the_end_is_the_same_in_a_longer_run(name, warm_up):
    schedule = SCHEDULES[name](warm_up=warm_up)
    short, long = factors(schedule, 5, 2), factors(schedule, 50, 2)[: 5 * EPOCH]
    assert (short == long) is not schedule.depends_on_end


def test_a_plateau_multiplies_once_for_each_reduction():
    assert [factors(Plateau(decay=0.1), 1, times)[0] for times in range(4)] == pytest.approx([1, 0.1, 0.01, 0.001])
    assert [factors(Halving(), 1, times)[0] for times in range(4)] == [1, 0.5, 0.25, 0.125]


@pytest.mark.parametrize(
    ("history", "reductions"),
    [
        ([], 0),
        ([5], 0),
        ([5, 5], 0),  # an equal is no improvement, but one epoch is not two
        ([5, 5, 4], 1),
        ([5, 4, 6, 5, 5], 1),
        ([5, 4, 4, 4, 4], 2),
        ([5, 4, 4, 5, 5], 2),  # after a reduction still the best of all has to be beaten
        ([1, 2, 3, 4, 5], 0),
    ],
)
def test_it_is_reduced_each_time_that_patience_ends(history, reductions):
    for schedule in (Plateau(patience=2), Halving(patience=2)):
        assert schedule.reductions([float(value) for value in history]) == reductions
    for schedule in (Constant(), CosineDecay(), StepDecay(), ExponentialDecay()):
        assert schedule.reductions([1.0] * 100) == 0


@given(HISTORIES, st.integers(1, 5))
def test_reductions_are_those_of_a_counter_that_sees_epoch_after_epoch(history, patience):
    found, waited, best = 0, 0, -math.inf
    for epoch, value in enumerate(history):
        if value > best:
            best, waited = value, 0
        else:
            waited += 1
            if waited == patience:
                found, waited = found + 1, 0
        assert disappointments(history[: epoch + 1], patience) == found


def test_halving_ends_the_run_at_a_128th():
    schedule = Halving(patience=1)
    assert [schedule.finished([1.0] * epochs) for epochs in (1, 7, 8, 9)] == [False, False, True, True]
    assert Halving(patience=1, limit=0.3).finished([1.0, 1.0, 1.0])
    assert not Plateau(patience=1).finished([1.0] * 100)


@pytest.mark.parametrize(
    ("kind", "options", "rule"),
    [
        (Constant, {"warm_up": -0.1}, "must be a share below 1 or a whole number of steps"),
        (Constant, {"warm_up": 1.5}, "must be a share below 1 or a whole number of steps"),
        (CosineDecay, {"warm_up": float("nan")}, "must be a share below 1 or a whole number of steps"),
        (CosineDecay, {"warm_up": float("inf")}, "must be a share below 1 or a whole number of steps"),
        (StepDecay, {"every": 0}, "must be at least 1"),
        (StepDecay, {"decay": 0.0}, "must be above 0 and at most 1"),
        (ExponentialDecay, {"decay": 1.1}, "must be above 0 and at most 1"),
        (Plateau, {"decay": float("nan")}, "must be above 0 and at most 1"),
        (Plateau, {"patience": 0}, "must be at least 1"),
        (Halving, {"patience": 0}, "must be at least 1"),
        (Halving, {"limit": 1.0}, "must be above 0 and below 1"),
    ],
)
def test_an_option_out_of_its_range_is_named(kind, options, rule):
    with pytest.raises(ConfigError) as refused:
        kind(**options)
    assert ({refused.value.field}, refused.value.rule) == (options.keys(), rule)
