"""The training loop."""

import time
from collections.abc import Iterator

from shared.config import TrainConfig
from shared.data.dataset import Dataset
from shared.data.samples import Samples
from shared.errors import DivergedError, QueueError
from shared.nn.evaluation import is_finite
from shared.parallel.strategy import strategy_of
from shared.signals import uninterrupted
from shared.training.callbacks import Callback
from shared.training.choice import is_finished
from shared.training.gradients import GradientSource, StepResult
from shared.training.liars import check_liars
from shared.training.metrics import evaluate_epoch, monitored_value
from shared.training.state import TrainingState
from shared.types import Vector


def train(config: TrainConfig, data: Dataset, source: GradientSource, state: TrainingState, callback: Callback) -> None:
    """Train a network from a state to the end of the run.

    Before an interrupt (KeyboardInterrupt) or the queue's failure (QueueError) passes through, the callback hears of
    the stop. Raises DivergedError if weights or gradients are not finite, LedgerError if an epoch's ledger does not
    come out, and LiarsNamedError if an audit named a liar: such a step or epoch is never heard of.
    """
    callback.on_begin(state)
    try:
        while not is_finished(config, state.epoch, state.history):
            started = time.monotonic() - state.seconds
            for result in steps(config, data.training, source, state):
                state.seconds = time.monotonic() - started
                callback.after_step(state, result, source)
            _check_finite("weights", state.parameters.flat, config, state)
            metrics = evaluate_epoch(config, data, source, state)
            with uninterrupted:
                state.next_epoch(monitored_value(config, metrics))
                callback.after_epoch(state, metrics)
    except (KeyboardInterrupt, QueueError):
        if state.trained and is_finite(state.parameters.flat):
            with uninterrupted:
                state.exclude(source.excluded)
                callback.on_stop(state)
        raise


def steps(config: TrainConfig, training: Samples, source: GradientSource, state: TrainingState) -> Iterator[StepResult]:
    """Take the steps that the state's epoch still needs; yield what came of each."""
    strategy, reductions = strategy_of(config, training), config.schedule.reductions(state.history)
    for step in config.sampler(len(training)).steps(state.epoch, state.step_index):
        result = check_liars(source.gradient(state.parameters, step))  # the distributed line
        if not strategy.divisible:  # exact sums are of numbers with limits, and the weights' are looked at in each step
            _check_finite("gradient", result.total, config, state)
        state.apply(strategy, step, result, reductions)
        yield result


def _check_finite(what: str, vector: Vector, config: TrainConfig, state: TrainingState) -> None:
    if not is_finite(vector):
        wider = ", or the wider dtype float64" if config.dtype == "float32" else ""
        raise DivergedError(
            f"no longer finite: the {what} at step {state.step_index} of epoch {state.epoch}; "
            f"give a learning rate below {config.learning_rate:g}{wider}"
        )
