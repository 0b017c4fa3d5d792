"""Who listens to the training loop. The loop says what happened, and names nobody."""

import logging
from collections.abc import Iterable

from shared.errors import GradMQError
from shared.training.gradients import GradientSource, StepResult
from shared.training.metrics import EpochMetrics
from shared.training.state import TrainingState

log = logging.getLogger(__name__)


class Callback:
    """Hears of a run; a subclass overrides what it wants to hear. The state is not its to change."""

    optional = False  # whether the run goes on without it when it fails

    def on_begin(self, state: TrainingState) -> None:
        """Hear that the run begins, or goes on from this state: also in its midst, if it goes back."""

    def after_step(self, state: TrainingState, result: StepResult, source: GradientSource) -> None:
        """Hear that a step was taken."""

    def after_epoch(self, state: TrainingState, metrics: EpochMetrics) -> None:
        """Hear the figures of an epoch; the state is at the beginning of the next."""

    def on_stop(self, state: TrainingState) -> None:
        """Hear that the run stops before its end, after this step, and could go on later."""


class Callbacks(Callback):
    """Tells several. One that fails ends the run, or if it is optional is told no more."""

    def __init__(self, callbacks: Iterable[Callback]) -> None:
        self._callbacks = list(callbacks)

    def on_begin(self, state: TrainingState) -> None:
        self._tell("on_begin", state)

    def after_step(self, state: TrainingState, result: StepResult, source: GradientSource) -> None:
        self._tell("after_step", state, result, source)

    def after_epoch(self, state: TrainingState, metrics: EpochMetrics) -> None:
        self._tell("after_epoch", state, metrics)

    def on_stop(self, state: TrainingState) -> None:
        self._tell("on_stop", state)

    def _tell(self, event: str, *what: object) -> None:
        for callback in [*self._callbacks]:
            try:
                getattr(callback, event)(*what)
            except Exception as error:
                if not callback.optional:
                    raise
                if isinstance(error, GradMQError):
                    log.warning("%s; the run goes on without it", error)
                else:
                    log.exception("%s failed; the run goes on without it", type(callback).__name__)
                self._callbacks.remove(callback)
