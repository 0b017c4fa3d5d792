"""The training loop."""

import time
from collections.abc import Iterator
from typing import Any, Protocol

from numpy.typing import NDArray

from coordinator.reporting.progress_bar import Progress
from coordinator.runs.run import EpochMetrics, Run
from coordinator.signals import uninterrupted
from coordinator.training.state import State
from shared.config import TrainConfig
from shared.data.dataset import Dataset
from shared.data.samples import LabelledSamples
from shared.errors import DivergedError, QueueError
from shared.nn.parameters import Parameters
from shared.parallel.sgd import count_correct, epoch_order, is_finite, mini_batch_starts
from shared.parallel.strategy import work_of

Array = NDArray[Any]


class GradientSource(Protocol):
    """Where gradients come from: workers, or this process (`coordinator.gradients.in_process`)."""

    @property
    def workers(self) -> int: ...
    def gradient(self, parameters: Parameters, epoch: int, batch: int, rows: Array) -> tuple[Array, int]: ...


def train(run: Run, data: Dataset, source: GradientSource, state: State, progress: Progress) -> None:
    """Train a network from a state to the end of the run, and record every epoch.

    Before an interrupt (KeyboardInterrupt) or the queue's failure (QueueError) passes through, the model so far and a
    checkpoint are saved. Raises DivergedError if weights or gradients are not finite: the last finite model and
    checkpoint stay. Raises LedgerError if an epoch's books do not come out.
    """
    config = run.config
    try:
        while state.epoch < config.epochs:
            started = time.monotonic() - state.seconds
            for n_samples in steps(config, data.training, source, state):
                state.seconds = time.monotonic() - started
                run.after_step(state)
                progress.step(state.epoch, state.batch, n_samples, source.workers)
            metrics = evaluate_epoch(config, data, state)
            with uninterrupted:
                state.next_epoch()
                run.after_epoch(metrics, state)
            progress.epoch(metrics)
    except (KeyboardInterrupt, QueueError):
        if state.trained and is_finite(state.parameters.flat):
            with uninterrupted:
                run.save(state.parameters)
                run.checkpoint(state)
        raise


def steps(config: TrainConfig, training: LabelledSamples, source: GradientSource, state: State) -> Iterator[int]:
    """Take the steps that the state's epoch still needs; after each, yield the number of its samples."""
    work = work_of(config, training)
    order = epoch_order(config.seed, state.epoch, len(training))
    for start in mini_batch_starts(len(training), config.samples_per_step)[state.batch :]:
        rows = order[start : start + config.samples_per_step]
        total, n_samples = source.gradient(state.parameters, state.epoch, state.batch, rows)  # the distributed line
        if not is_finite(total):
            raise _diverged("gradient", config, state)
        with uninterrupted:  # taken and counted, or neither
            work.take_step(state.parameters, state.velocity, total, n_samples)
            state.take_step(n_samples)
        yield n_samples


def evaluate_epoch(config: TrainConfig, data: Dataset, state: State) -> EpochMetrics:
    """Return the figures of an epoch whose steps are all taken."""
    if not is_finite(state.parameters.flat):
        raise _diverged("weights", config, state)
    counts = state.ledger.counts
    counts.check(state.epoch, len(data.training))
    correct = count_correct(state.parameters, data.test)
    return EpochMetrics(
        epoch=state.epoch,
        correct=correct,
        n_test=len(data.test),
        accuracy=correct / len(data.test),
        steps=len(mini_batch_starts(len(data.training), config.mini_batch_size)),
        samples=state.samples,
        seconds=round(state.seconds, 3),
        workers=counts.n_workers,
        weights_sha256=state.parameters.sha256,
        ledger=counts.to_json(),
    )


def _diverged(what: str, config: TrainConfig, state: State) -> DivergedError:
    return DivergedError(
        f"no longer finite: the {what} at step {state.batch} of epoch {state.epoch}; give less than "
        f"--eta {config.eta:g}" + (", or --dtype float64" if config.dtype == "float32" else "")
    )
