"""The figures of an epoch, and which of them is monitored."""

from dataclasses import replace

import numpy as np
import pytest

from shared.data.dataset import Dataset
from shared.errors import LedgerError
from shared.monitors import MONITORS
from shared.nn.evaluation import evaluate
from shared.nn.score import Score
from shared.training.in_process import InProcessGradients
from shared.training.loop import steps
from shared.training.metrics import EpochMetrics, evaluate_epoch, history_of, monitored_value
from shared.training.state import TrainingState
from tests.support.learning import CONFIG, DATA, EXACT, SAMPLES

METRICS = EpochMetrics(
    *(0, 7, 10, 0.7, 1, 1, 1.0, 0, "", {}), validation_accuracy=0.9, validation_cost=0.3, training_cost=0.2
)


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
    right = {part: evaluate(mlp, state.parameters, getattr(DATA, part)).correct for part in ("validation", "test")}
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
    assert monitored_value(CONFIG, metrics) is None
    assert history_of(CONFIG, [metrics, metrics]) == []


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


@pytest.mark.parametrize("config", [CONFIG, EXACT], ids=["native", "exact"])
def test_the_figures_are_those_of_each_sample_by_itself(config):
    source, state = InProcessGradients(config, DATA), TrainingState.initial(config)
    for _ in steps(config, SAMPLES, source, state):
        pass
    metrics, mlp = evaluate_epoch(config, DATA, source, state), config.mlp()
    layers = mlp.rounded(state.parameters)
    for samples, correct, cost in (
        (DATA.validation, metrics.validation_correct, metrics.validation_cost),
        (DATA.test, metrics.correct, metrics.cost),
    ):
        right, costs = 0, []
        for row, label in enumerate(samples.labels):
            x, (y, _) = samples.inputs(np.array([row]), mlp.inputs), samples.wanted(np.array([row]), mlp.inputs)
            right += int(mlp.predict(layers, x)[0] == label)
            costs.append(float(np.square(mlp.forward(layers, x)[-1] - y).sum() / 2))
        assert correct == right
        assert cost == pytest.approx(np.mean(costs), rel=1e-5)
    assert metrics.learning_rate == 3.0


@pytest.mark.parametrize(
    ("monitor", "value"),
    [("validation-accuracy", 0.9), ("validation-cost", -0.3), ("training-cost", -0.2), ("none", None)],
)
def test_higher_is_better_whatever_is_monitored(monitor, value):
    assert monitored_value(replace(CONFIG, monitor=monitor), METRICS) == value


def test_what_is_monitored_is_a_figure_of_an_epoch():
    assert {monitor.figure for monitor in MONITORS.values() if monitor} <= METRICS.__dict__.keys()


def test_nothing_is_chosen_by_test_samples():
    better = replace(METRICS, correct=10, accuracy=1.0, cost=0.0)
    for monitor in MONITORS:
        config = replace(CONFIG, monitor=monitor)
        assert monitored_value(config, better) == monitored_value(config, METRICS)
