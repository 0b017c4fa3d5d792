"""The figures of an epoch, and which of them is monitored."""

from dataclasses import replace

import numpy as np
import pytest

from coordinator.training.metrics import EpochMetrics, evaluate_epoch, history_of, monitored_value
from coordinator.training.state import TrainingState
from shared.config import TrainConfig
from shared.data.dataset import Dataset
from shared.data.samples import LabelledSamples
from shared.monitors import MONITORS
from shared.parallel.strategy import strategy_of
from tests.support.learning import CONFIG, EXACT, SAMPLES, alone, step_of

METRICS = EpochMetrics(
    *(0, 7, 10, 0.7, 1, 1, 1.0, 0, "", {}), validation_accuracy=0.9, validation_cost=0.3, training_cost=0.2
)
NONE = LabelledSamples(SAMPLES.images[:0], SAMPLES.labels[:0], SAMPLES.n_classes)
DATA = Dataset(SAMPLES, replace(SAMPLES, images=SAMPLES.images[:40], labels=SAMPLES.labels[:40]), SAMPLES)


def evaluated(config: TrainConfig, data: Dataset) -> tuple[EpochMetrics, TrainingState]:
    """The figures after an epoch."""
    state, source, strategy = TrainingState.initial(config), alone(config), strategy_of(config, SAMPLES)
    for index in range(10):
        step = step_of(index, config)
        state.apply(strategy, step, source.gradient(state.parameters, step))
    return evaluate_epoch(config, data, state), state


@pytest.mark.parametrize("config", [CONFIG, EXACT], ids=["native", "exact"])
def test_the_figures_are_those_of_each_sample_by_itself(config):
    metrics, state = evaluated(config, DATA)
    mlp = config.mlp()
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
    assert (metrics.n_validation, metrics.validation_accuracy) == (40, metrics.validation_correct / 40)
    assert (metrics.n_test, metrics.accuracy) == (60, metrics.correct / 60)
    assert metrics.learning_rate == 3.0


def test_without_validation_samples_there_are_no_such_figures():
    metrics, _ = evaluated(CONFIG, Dataset(SAMPLES, NONE, SAMPLES))
    assert metrics.n_validation == 0
    assert metrics.validation_correct is None
    assert metrics.validation_accuracy is None
    assert metrics.validation_cost is None
    assert monitored_value(CONFIG, metrics) is None
    assert history_of(CONFIG, [metrics, metrics]) == []


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
