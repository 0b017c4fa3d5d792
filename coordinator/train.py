"""The training loop."""

import time
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from coordinator.progress import Progress
from coordinator.run import EpochMetrics, Run
from shared.config import TrainConfig
from shared.dataset import Dataset
from shared.errors import ConfigError, QueueError
from shared.parameters import Parameters
from shared.sgd import count_correct, epoch_order, initial_parameters, mini_batch_starts, sgd_step

Array = NDArray[Any]


class GradientSource(Protocol):
    """Where gradients come from: `coordinator.exchange.Exchange`, or this process (`coordinator.local.Local`)."""

    @property
    def workers(self) -> int: ...
    def take_workers(self) -> int: ...
    def gradient(self, parameters: Parameters, epoch: int, batch: int, rows: Array) -> tuple[Array, int]: ...


def train(config: TrainConfig, data: Dataset, source: GradientSource, run: Run, progress: Progress) -> Parameters:
    """Train a network and record every epoch; return what was learned.

    Before an interrupt (KeyboardInterrupt) or the queue's failure (QueueError) passes through, the model so far is
    saved. Raises ConfigError if the weights diverge; the model is then that of the epoch before.
    """
    parameters = initial_parameters(config.sizes, config.seed, config.dtype)
    trained = False
    try:
        for epoch in range(config.epochs):
            started = time.monotonic()
            order = epoch_order(config.seed, epoch, len(data.training))
            steps = samples = 0
            for start in mini_batch_starts(len(data.training), config.mini_batch_size):
                rows = order[start : start + config.mini_batch_size]
                gradient, n_samples = source.gradient(parameters, epoch, steps, rows)  # the only distributed line
                sgd_step(parameters, gradient, config.eta, n_samples)
                trained = True
                steps += 1
                samples += n_samples
                progress.step(epoch, steps, n_samples, source.workers)
            if not np.isfinite(parameters.flat).all():
                raise ConfigError(
                    f"the weights are no longer finite in epoch {epoch}; give less than --eta {config.eta}"
                )
            correct = count_correct(parameters, data.test)
            metrics = EpochMetrics(
                epoch=epoch,
                correct=correct,
                n_test=len(data.test),
                accuracy=correct / len(data.test),
                steps=steps,
                samples=samples,
                seconds=round(time.monotonic() - started, 3),
                workers=source.take_workers(),
                weights_sha256=parameters.sha256,
            )
            run.record(metrics, parameters)
            progress.epoch(metrics)
    except (KeyboardInterrupt, QueueError):
        if trained and np.isfinite(parameters.flat).all():
            run.save(parameters)
        raise
    return parameters
