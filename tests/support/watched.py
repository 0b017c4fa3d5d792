"""A small run that somebody listens to, which stops after some epochs and may go on."""

from dataclasses import replace

from shared.nn.arithmetic import quiet
from shared.training.callbacks import Callback, Callbacks
from shared.training.in_process import InProcessGradients
from shared.training.loop import train
from shared.training.metrics import EpochMetrics
from shared.training.state import TrainingState
from tests.support.learning import CONFIG, DATA

CONFIG = replace(CONFIG, epochs=5, learning_rate=0.3)


class _Memory(Callback):
    """Keeps the epochs, as the recorder does."""

    def __init__(self, recorded: list[EpochMetrics]) -> None:
        self._recorded = recorded

    def on_begin(self, state):
        del self._recorded[state.epoch :]

    def after_epoch(self, state, metrics):
        self._recorded.append(metrics)


class _Stop(Callback):
    """Stops a run before a step of an epoch is recorded anywhere."""

    def __init__(self, epoch: int, step: int) -> None:
        self._at = epoch, step

    def after_step(self, state, result, source):
        if (state.epoch, state.step_index) == self._at:
            raise KeyboardInterrupt


class WatchedRun:
    """A run whose listeners come and go."""

    def __init__(self) -> None:
        self.recorded: list[EpochMetrics] = []
        self.source = InProcessGradients(CONFIG, DATA)
        self.state = TrainingState.initial(CONFIG)

    def go_on_before(self, listener: Callback, stop_at: tuple[int, int] = (-1, 0)) -> None:
        """Train to the end, or until so many steps of that epoch are taken."""
        try:
            with quiet():
                train(
                    CONFIG,
                    DATA,
                    self.source,
                    self.state,
                    Callbacks([_Memory(self.recorded), listener, _Stop(*stop_at)]),
                )
        except KeyboardInterrupt:
            pass
