"""A run whose figures could not be compared fails, by a line that says which."""

from dataclasses import replace

import pytest

from shared.errors import ConfigError, DivergedError
from shared.training.metrics import EpochMetrics
from shared.training.state import TrainingState
from shared.training.whole_run import _Listener, learn, why_failed
from tests.support.sweeps import wanted_run


@pytest.fixture
def config():
    return wanted_run().prepared.config


def metrics_of(config, **changed) -> EpochMetrics:
    """Figures as of a run's first epoch, but for some."""
    dataset = wanted_run().prepared.dataset()
    return replace(learn(replace(config, epochs=1), dataset, {}).epochs[0], **changed)


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"validation_cost": float("nan")}, DivergedError, "no longer finite: the validation cost of epoch 0; give a"),
        ({"cost": float("inf")}, DivergedError, "no longer finite: the cost of epoch 0; give a learning rate below"),
        (
            {"validation_cost": None},
            ConfigError,
            "monitor has no figure in the epochs of this run",
        ),
    ],
)
def test_figures_that_are_no_numbers_end_it(config, changed, error, message):
    listener = _Listener(config, {}, lambda: None, lambda metrics: None)
    with pytest.raises(error, match=message):
        listener.after_epoch(TrainingState.initial(config), metrics_of(config, **changed))
    assert listener.learned.epochs == []


def test_why_a_run_has_failed_is_a_line_whatever_the_error_is():
    assert why_failed(MemoryError()) == "needs more memory than there is"
    assert why_failed(DivergedError("no longer\nfinite")) == "no longer finite"
    assert why_failed(ZeroDivisionError("by\nzero")) == "ZeroDivisionError: by zero"
    assert len(why_failed(ValueError("a" * 10_000))) < 1100
