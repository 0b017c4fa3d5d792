"""What is chosen of a run's epochs follows from their values alone."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.optim.schedules import Halving
from shared.training.choice import best_epoch, epochs_without_improvement, improves, is_finished, why_stopped
from tests.support.learning import CONFIG

LONG = replace(CONFIG, epochs=1000)
values = st.floats(allow_nan=False) | st.integers(0, 3).map(float)  # these are often equal
histories = st.lists(values, max_size=12)
some = st.lists(values, min_size=1, max_size=12)


@given(some)
def test_the_best_epoch_is_the_earliest_of_those_with_the_highest_value(history):
    best = best_epoch(history)
    assert all(value < history[best] for value in history[:best])
    assert all(value <= history[best] for value in history[best:])


@given(some)
def test_the_best_epoch_is_the_last_one_that_improved(history):
    improved = [epoch for epoch, value in enumerate(history) if improves(history[:epoch], value)]
    assert improved[0] == 0
    assert improved[-1] == best_epoch(history)


@given(histories, values)
def test_another_epoch_without_improvement_is_counted(history, value):
    before, after = epochs_without_improvement(history), epochs_without_improvement([*history, value])
    assert after == (0 if improves(history, value) else before + 1)


@given(histories, st.integers(1, 5))
def test_a_run_ends_at_the_first_epoch_that_uses_up_its_patience(history, patience):
    config = replace(LONG, early_stopping=patience)
    ends = [n for n in range(len(history) + 1) if is_finished(config, n, history[:n])]
    slow = [n for n in range(len(history) + 1) if n > patience and max(history[: n - patience]) >= max(history[:n])]
    assert ends[:1] == slow[:1]


@pytest.mark.parametrize(
    ("history", "patience", "why"),
    [
        ([], 1, ""),
        ([3.0], 1, ""),
        ([3.0, 4.0], 1, ""),
        ([3.0, 3.0], 1, "no improvement in 1 epoch"),  # an equal value is none
        ([3.0, 2.0], 2, ""),
        ([3.0, 2.0, 2.5], 2, "no improvement in 2 epochs"),
        ([3.0, 2.0, 3.5, 3.4], 2, ""),
        ([3.0] * 99, 0, ""),  # patience without end
    ],
)
def test_why_a_run_ends_early(history, patience, why):
    assert why_stopped(replace(LONG, early_stopping=patience), history) == why


@given(histories)
def test_without_early_stopping_a_run_has_all_its_epochs(history):
    assert is_finished(LONG, len(history), history) == (len(history) >= LONG.epochs)
    assert is_finished(CONFIG, 1, history)


@given(histories)
def test_a_run_whose_learning_rate_has_been_halved_to_its_limit_is_finished(history):
    """Each second epoch without anything better halves it."""
    schedule = Halving(patience=2, limit=0.25)
    config = replace(LONG, schedule=schedule)
    assert is_finished(config, len(history), history) == (schedule.reductions(history) >= 2)


def test_why_a_run_of_halvings_ends():
    config = replace(LONG, schedule=Halving(patience=1, limit=0.25))
    assert why_stopped(config, [3.0, 2.0]) == ""
    assert why_stopped(config, [3.0, 2.0, 1.0]) == "the learning rate has been reduced to its limit"
