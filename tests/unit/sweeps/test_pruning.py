"""What a trial must reach not to be pruned."""

import pytest

from coordinator.sweeps.pruning import Pruning
from shared.errors import ConfigError

COURSES = [[0.1, 0.2, 0.3, 0.4], [0.2, 0.3, 0.4, 0.5], [0.3, 0.4, 0.5, 0.6]]


def test_without_pruning_or_with_too_few_trials_nothing_must_be_reached():
    assert Pruning().least(COURSES, COURSES, 4) == {}
    assert Pruning("median", startup=4).least(COURSES, COURSES, 4) == {}


def test_a_trial_must_reach_the_median_of_those_before_it_after_the_epochs_that_each_has():
    found = Pruning("median", startup=3, warm_up=2).least(COURSES, COURSES, 4)
    assert found == {1: 0.3, 2: 0.4, 3: 0.5}


def test_trials_that_ended_earlier_say_nothing_of_later_epochs():
    found = Pruning("median", startup=1).least([[0.5], [0.1, 0.2]], [], 3)
    assert found == {0: 0.3, 1: 0.2}


def test_of_three_one_goes_on_at_each_rung_also_by_what_pruned_trials_reached():
    pruned = [[0.9], [0.0]]
    found = Pruning("halving", startup=3, factor=3).least(COURSES, COURSES + pruned, 10)
    assert found == {0: 0.3, 2: 0.5}  # rungs after 1, 3 and 9 epochs: two of six, one of four, and none was there
    assert Pruning("halving", startup=1, factor=2, warm_up=2).least(COURSES, COURSES, 4) == {1: 0.3}


def test_the_first_at_a_rung_goes_on():
    assert Pruning("halving", startup=0 + 1).least([[0.5]], [[0.5]], 10) == {0: 0.5}
    assert Pruning("halving", startup=1).least([[0.5]], [], 10) == {}


@pytest.mark.parametrize("given", [{"kind": "hyperband"}, {"startup": 0}, {"warm_up": 0}, {"factor": 1}])
def test_wrong_options_are_refused(given):
    with pytest.raises(ConfigError):
        Pruning(**given)
