"""A step changes a run's state whole, or not at all."""

import os
import signal
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from shared.accounting import COORDINATOR, EpochCounts, WorkerCounts
from shared.nn.score import Score
from shared.parallel.strategy import strategy_of
from shared.signals import Stopped
from shared.strategies import LocalSGD
from shared.training.gradients import StepResult
from shared.training.state import TrainingState
from tests.support.handlers import stopping_on_signals
from tests.support.learning import CONFIG, SAMPLES, alone, step_of

LOCAL = replace(CONFIG, strategy=LocalSGD(local_steps=2, outer_momentum=0.5))


@pytest.fixture
def signals() -> Iterator[None]:
    with stopping_on_signals():
        yield


class Interrupted:
    """A strategy during whose update a signal comes, before or after the weights have changed."""

    def __init__(self, before: bool) -> None:
        self._strategy, self._before = strategy_of(CONFIG, SAMPLES), before

    def update(self, *what):
        if self._before:
            os.kill(os.getpid(), signal.SIGTERM)
        self._strategy.update(*what)
        if not self._before:
            os.kill(os.getpid(), signal.SIGTERM)


def result_of(state: TrainingState, index: int = 0) -> StepResult:
    result = alone().gradient(state.parameters, step_of(index))
    return result._replace(total=result.total.copy(), excluded=("liar",))


@pytest.mark.parametrize("before", [True, False])
def test_a_signal_within_a_step_waits_until_all_of_it_is_taken(signals, before):
    expected = TrainingState.initial(CONFIG)
    expected.apply(strategy_of(CONFIG, SAMPLES), step_of(0), result_of(expected))
    state = TrainingState.initial(CONFIG)
    result = result_of(state)
    with pytest.raises(Stopped):
        state.apply(Interrupted(before), step_of(0), result)
    assert state.parameters.sha256 == expected.parameters.sha256
    assert (state.step_index, state.samples, state.excluded) == (1, 6, ["liar"])
    assert state.counts == expected.counts == EpochCounts(1, 0, {"coordinator": WorkerCounts(1, samples=6)})


def test_a_result_that_is_not_applied_changes_nothing():
    state = TrainingState.initial(CONFIG)
    result_of(state)
    again = TrainingState.initial(CONFIG)
    assert state.parameters.sha256 == again.parameters.sha256
    assert (state.step_index, state.samples, state.excluded, state.counts) == (0, 0, [], EpochCounts())
    assert not state.trained


def test_a_steps_counts_are_added_to_the_epochs():
    state = TrainingState.initial(CONFIG)
    for index in range(2):
        result = result_of(state, index)
        result.counts.retried += 1
        state.apply(strategy_of(CONFIG, SAMPLES), step_of(index), result)
    assert (state.counts.requests, state.counts.retried, state.counts.total.samples) == (2, 2, 12)
    assert state.trained


def test_a_steps_score_is_added_to_the_epochs():
    state = TrainingState.initial(CONFIG)
    for index, score in enumerate([(3, 0.5, 6), (2, 1.25, 6)]):
        state.apply(strategy_of(CONFIG, SAMPLES), step_of(index), result_of(state, index)._replace(score=Score(*score)))
    assert state.score.total == (5, 1.75, 12)
    copy = state.copy()
    state.score.add(Score(1, 1.0, 1))
    assert copy.score.total == (5, 1.75, 12)
    state.next_epoch()
    assert state.score.total == (0, 0.0, 0)


def test_the_next_epoch_begins_with_a_ledger_of_its_own():
    state = TrainingState.initial(CONFIG)
    state.apply(strategy_of(CONFIG, SAMPLES), step_of(0), result_of(state))
    state.seconds, counts = 1.5, state.counts
    state.next_epoch()
    assert (state.epoch, state.step_index, state.samples, state.seconds) == (1, 0, 0, 0.0)
    assert state.counts == EpochCounts()
    assert counts.requests == 1  # what was recorded of the epoch before is not cleared with it
    assert state.excluded == ["liar"]  # for the whole run


def test_a_copy_is_not_changed_by_later_steps():
    strategy = strategy_of(LOCAL, SAMPLES)
    state = TrainingState.initial(LOCAL)
    source = alone(LOCAL)
    state.apply(strategy, step_of(0, LOCAL), source.gradient(state.parameters, step_of(0, LOCAL)))
    copy = state.copy()
    kept = (copy.parameters.sha256, copy.optimizer_state["ahead"].tobytes(), copy.counts.to_json())
    assert kept == (state.parameters.sha256, state.optimizer_state["ahead"].tobytes(), state.counts.to_json())
    result = source.gradient(state.parameters, step_of(1, LOCAL))
    state.apply(strategy, step_of(1, LOCAL), result._replace(excluded=("liar",)))
    state.next_epoch()
    assert (copy.parameters.sha256, copy.optimizer_state["ahead"].tobytes(), copy.counts.to_json()) == kept
    assert (copy.epoch, copy.step_index, copy.excluded) == (0, 1, [])
    assert copy.parameters.weights[0].base is copy.parameters.flat
    assert not np.shares_memory(copy.parameters.flat, state.parameters.flat)


def test_the_optimizer_begins_with_what_it_remembers_before_the_first_step():
    assert TrainingState.initial(CONFIG).optimizer_state == {}
    ahead = TrainingState.initial(LOCAL).optimizer_state["ahead"]
    assert ahead.tolist() == [0.0] * LOCAL.initial_parameters().flat.size


def test_who_is_excluded_is_named_once():
    state = TrainingState.initial(CONFIG)
    state.exclude(("liar", "cheat"))
    state.exclude(["cheat", "liar", "sloth"])
    state.exclude(())
    assert state.excluded == ["liar", "cheat", "sloth"]


def test_a_step_excludes_nobody_twice():
    state = TrainingState.initial(CONFIG)
    state.exclude(["liar"])
    state.apply(strategy_of(CONFIG, SAMPLES), step_of(0), result_of(state))
    assert state.excluded == ["liar"]


def test_a_copy_of_the_exclusions_is_not_changed():
    state = TrainingState.initial(CONFIG)
    copy = state.copy()
    state.exclude(["liar"])
    assert copy.excluded == []


def test_the_best_weights_are_kept_as_they_were():
    state = TrainingState.initial(CONFIG)
    fingerprints = []
    for value in (1.0, 3.0, 2.0, 3.0):
        state.parameters.flat += 1
        fingerprints.append(state.parameters.sha256)
        state.next_epoch(value)
    assert state.history == [1.0, 3.0, 2.0, 3.0]
    assert state.best is not None
    assert state.best.sha256 == fingerprints[1]  # the earliest of equals


def test_where_nothing_is_monitored_nothing_is_best():
    state = TrainingState.initial(CONFIG)
    state.next_epoch()
    assert (state.history, state.best) == ([], None)


def test_a_copy_has_the_history_that_was():
    state = TrainingState.initial(CONFIG)
    state.next_epoch(1.0)
    copy = state.copy()
    assert copy.best is not None
    before = copy.best.sha256
    state.parameters.flat += 1
    state.next_epoch(2.0)
    assert (copy.history, copy.best.sha256) == ([1.0], before)


def test_the_best_weights_are_those_that_were_evaluated():
    config = replace(CONFIG, ema=0.9)
    state = TrainingState.initial(config)
    state.apply(strategy_of(config, SAMPLES), step_of(0, config), result_of(state))
    evaluated = state.model.sha256
    assert evaluated != state.parameters.sha256
    state.next_epoch(1.0)
    state.apply(strategy_of(config, SAMPLES), step_of(1, config), result_of(state, 1))
    assert state.best is not None
    assert state.best.sha256 == evaluated != state.model.sha256


def test_of_very_many_that_are_excluded_the_newest_are_kept():
    state = TrainingState.initial(CONFIG)
    for number in range(250):
        state.exclude([f"invented:{number}"])
    assert state.excluded == [f"invented:{number}" for number in range(150, 250)]


def test_a_ledger_has_a_thousand_workers_at_most_and_comes_out_all_the_same():
    counts = EpochCounts(requests=5000)
    for number in range(4999):
        counts.answered(f"invented:{number}", 2)
    counts.answered(COORDINATOR, 2)
    assert len(counts.workers) <= 1002
    assert counts.of(COORDINATOR).answered == 1
    counts.check(0, 10_000)
