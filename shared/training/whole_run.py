"""A run from its first step to its last in one process, without a folder: a trial of a sweep."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field

from shared.config import TrainConfig
from shared.data.dataset import Dataset
from shared.errors import ConfigError, DivergedError, GradMQError
from shared.nn.arithmetic import quiet
from shared.nn.parameters import Parameters
from shared.training.callbacks import Callback
from shared.training.choice import is_finished
from shared.training.gradients import GradientSource, StepResult
from shared.training.in_process import InProcessGradients
from shared.training.loop import train
from shared.training.metrics import EpochMetrics
from shared.training.state import TrainingState

_LONGEST = 1000  # characters of a reason


@dataclass
class Learned:
    """What came of a run."""

    epochs: list[EpochMetrics] = field(default_factory=list)
    model: Parameters | None = None  # after the last of these epochs
    best: Parameters | None = None  # after the best of them; None: nothing is monitored
    is_pruned: bool = False  # whether it ended before its last epoch, for want of success


def learn(
    config: TrainConfig,
    data: Dataset,
    least: Mapping[int, float],
    after_step: Callable[[], None] = lambda: None,
    after_epoch: Callable[[EpochMetrics], None] = lambda metrics: None,
) -> Learned:
    """Compute a run.

    least: by epochs, the value that the best epoch so far must reach after them, as in a history (higher is better);
    the run is pruned where it does not.  after_step, after_epoch: may raise what is to end it.
    Raises DivergedError, also where an epoch's cost or monitored figure is not finite: it could not be compared.
    """
    state = TrainingState.initial(config)
    listener = _Listener(config, least, after_step, after_epoch)
    with quiet():
        try:
            train(config, data, InProcessGradients(config, data), state, listener)
        except _PrunedError:
            listener.learned.is_pruned = True
    return listener.learned


def why_failed(error: Exception) -> str:
    """Return in a line why a run has failed."""
    if isinstance(error, MemoryError):
        return "needs more memory than there is"
    kind = "" if isinstance(error, GradMQError) else f"{type(error).__name__}: "
    return kind + " ".join(str(error).split())[:_LONGEST]


class _PrunedError(Exception):
    """The run is not worth going on with."""


class _Listener(Callback):
    def __init__(
        self,
        config: TrainConfig,
        least: Mapping[int, float],
        after_step: Callable[[], None],
        after_epoch: Callable[[EpochMetrics], None],
    ) -> None:
        self._config, self._least = config, least
        self._after_step, self._after_epoch = after_step, after_epoch
        self.learned = Learned()

    def after_step(self, state: TrainingState, result: StepResult, source: GradientSource) -> None:
        self._after_step()

    def _check(self, metrics: EpochMetrics) -> None:
        """Raise DivergedError for figures that are not finite, which could be neither compared nor written down."""
        for name, value in asdict(metrics).items():
            if isinstance(value, float) and not math.isfinite(value):
                what = f"the {name.replace('_', ' ')} of epoch {metrics.epoch}"
                raise DivergedError(
                    f"no longer finite: {what}; give a learning rate below {self._config.learning_rate:g}"
                )
        monitor = self._config.monitored
        if monitor is not None and getattr(metrics, monitor.figure) is None:
            raise ConfigError("monitor", monitor.name, "has no figure in the epochs of this run", "give another")

    def after_epoch(self, state: TrainingState, metrics: EpochMetrics) -> None:
        self._check(metrics)
        learned = self.learned
        learned.epochs.append(metrics)
        learned.best = state.best
        learned.model = state.model  # which goes on to change, until the run ends
        self._after_epoch(metrics)
        so_far = max(state.history, default=float("-inf"))
        is_over = is_finished(self._config, state.epoch, state.history)
        if not is_over and so_far < self._least.get(metrics.epoch, float("-inf")):
            raise _PrunedError
