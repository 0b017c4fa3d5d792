"""The figures of an epoch."""

from dataclasses import replace

import pytest

from coordinator.gradients.in_process import InProcessGradients
from coordinator.training.loop import steps
from coordinator.training.metrics import evaluate_epoch
from coordinator.training.state import TrainingState
from shared.data.dataset import Dataset
from shared.errors import LedgerError
from shared.nn.evaluation import Score, count_correct
from tests.support.learning import CONFIG, DATA, SAMPLES


def trained(source: InProcessGradients) -> TrainingState:
    """The state after an epoch's steps, each of which had two samples right and a cost of 1.5."""
    state = TrainingState.initial(CONFIG)
    gradient = source.gradient
    source.gradient = lambda *what: (result := gradient(*what))._replace(score=Score(2, 1.5, result.score.samples))
    for _ in steps(CONFIG, SAMPLES, source, state):
        pass
    return state


def test_an_epochs_figures_are_of_training_validation_and_test_samples():
    source = InProcessGradients(CONFIG, DATA)
    state = trained(source)
    metrics = evaluate_epoch(CONFIG, DATA, source, state)
    mlp = CONFIG.mlp()
    right = {part: count_correct(mlp, state.parameters, getattr(DATA, part)) for part in ("validation", "test")}
    assert (metrics.correct, metrics.n_test, metrics.accuracy) == (right["test"], 2000, right["test"] / 2000)
    assert (metrics.validation_correct, metrics.n_validation) == (right["validation"], 4500)
    assert metrics.validation_accuracy == right["validation"] / 4500
    assert 0 < metrics.cost < 3 and 0 < metrics.validation_cost < 3 and metrics.cost != metrics.validation_cost
    assert (metrics.training_correct, metrics.training_accuracy, metrics.training_cost) == (20, 20 / 60, 15 / 60)
    assert (metrics.samples, metrics.workers) == (60, 0)
    assert metrics.ledger["requests"] == 10 + 2
    assert metrics.ledger["workers"]["coordinator"]["evaluated"] == 6500
    assert state.counts.requests == 10  # as often as it is evaluated, it is entered once, in what is recorded


def test_without_validation_samples_there_are_no_figures_of_them():
    none = replace(SAMPLES, images=SAMPLES.images[:0], labels=SAMPLES.labels[:0])
    data = Dataset(SAMPLES, none, DATA.test)
    source = InProcessGradients(CONFIG, data)
    metrics = evaluate_epoch(CONFIG, data, source, trained(source))
    assert (metrics.n_validation, metrics.validation_correct) == (0, None)
    assert (metrics.validation_accuracy, metrics.validation_cost) == (None, None)
    assert metrics.n_test == 2000


def test_an_epoch_whose_beginning_an_older_version_computed_has_no_figures_of_training():
    source = InProcessGradients(CONFIG, DATA)
    state = trained(source)
    state.score.samples -= 6  # of a step that was taken without a score
    metrics = evaluate_epoch(CONFIG, DATA, source, state)
    assert (metrics.training_correct, metrics.training_accuracy, metrics.training_cost) == (None, None, None)


class Careless(InProcessGradients):
    """Evaluates all but one of the samples."""

    def evaluate(self, parameters, step):
        result = super().evaluate(parameters, step)
        result.counts.of("coordinator").evaluated -= 1
        return result


def test_each_sample_must_be_evaluated_once():
    source = Careless(CONFIG, DATA)
    with pytest.raises(LedgerError, match="6498 of 6500 evaluated"):
        evaluate_epoch(CONFIG, DATA, source, trained(source))


class Excluding(InProcessGradients):
    """Finds out in an evaluation whom not to trust."""

    def evaluate(self, parameters, step):
        return super().evaluate(parameters, step)._replace(excluded=("liar",))


def test_who_is_excluded_in_an_evaluation_stays_so():
    source = Excluding(CONFIG, DATA)
    state = trained(source)
    evaluate_epoch(CONFIG, DATA, source, state)
    assert state.excluded == ["liar"]
