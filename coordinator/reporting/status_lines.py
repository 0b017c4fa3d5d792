"""How far a run is, for a log: a line every few seconds while an epoch goes on, which can take minutes."""

import logging
import time
from collections.abc import Callable

from coordinator.reporting import lines
from coordinator.reporting.running import RunningFigures
from coordinator.workers.membership import n_workers
from shared.config import TrainConfig
from shared.data.samples import KnownSamples
from shared.training.callbacks import Callback
from shared.training.gradients import GradientSource, StepResult
from shared.training.metrics import EpochMetrics
from shared.training.state import TrainingState

_EVERY = 5.0  # seconds
_SMOOTH = 0.7  # how much of the speed before counts

log = logging.getLogger(__name__)


class StatusLines(Callback):
    """An event like others.  An epoch that is over sooner has its own line, and none of these."""

    def __init__(
        self, config: TrainConfig, training: KnownSamples, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """clock: returns seconds."""
        self._epochs, self._n_samples = config.epochs, len(training)
        self._steps_per_epoch = config.sampler(len(training)).steps_per_epoch
        self._figures = RunningFigures(config, training)
        self._clock = clock
        self._since = self._next = 0.0  # when the line before was written, and when the next is due
        self._samples = 0  # since then
        self._speed: float | None = None  # samples a second, smoothed: what is left at one moment's speed says little

    def after_step(self, state: TrainingState, result: StepResult, source: GradientSource) -> None:
        self._samples += result.score.samples
        now = self._clock()
        if not self._next:  # only now: the time that workers take to come tells nothing of a step's
            self._begin_again(now)
        elif now >= self._next:
            self._say(state, source.n_workers, self._samples / (now - self._since))
            self._begin_again(now)

    def after_epoch(self, state: TrainingState, metrics: EpochMetrics) -> None:
        self._begin_again(self._clock())

    def _begin_again(self, now: float) -> None:
        self._since, self._next, self._samples = now, now + _EVERY, 0

    def _say(self, state: TrainingState, workers: int, speed: float) -> None:
        """speed: samples a second since the line before."""
        left = (self._epochs - state.epoch) * self._n_samples - state.samples
        self._speed = speed if self._speed is None else _SMOOTH * self._speed + (1 - _SMOOTH) * speed
        seconds = left / self._speed
        figures = self._figures.of(state)
        learned = "" if figures is None else f"{lines.learned(*figures)}; "
        helped = f", {n_workers(workers)}" if workers else ""
        log.info(
            "epoch %d, step %d/%d: %s%s samples/s%s; %s left",
            *(state.epoch, state.step_index, self._steps_per_epoch, learned, f"{speed:,.0f}", helped),
            lines.duration(seconds),
            # By names that no finished epoch's line has, so that a reader of JSON can tell them apart.
            extra={
                "status": {
                    **{"epoch": state.epoch, "step": state.step_index, "steps": self._steps_per_epoch},
                    **{"training_accuracy": figures and figures[0], "training_cost": figures and figures[1]},
                    **{"samples_per_second": round(speed, 1), "workers": workers, "seconds_left": round(seconds, 1)},
                }
            },
        )
