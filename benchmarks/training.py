"""A training to be measured: it takes as many steps as it is told to."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from coordinator.runs.checkpoint_writer import CheckpointWriter
from shared.config import TrainConfig
from shared.data.samples import LabelledSamples
from shared.nn.parameters import Parameters
from shared.training.gradients import GradientSource, StepResult
from shared.training.loop import steps
from shared.training.state import TrainingState
from shared.types import Vector

_ARRIVAL = 60.0  # seconds that workers may take to be there
_LEAST_STEPS = 3


class Training:
    """The steps of a run, epoch after epoch, without the run: nothing is evaluated or recorded."""

    def __init__(
        self,
        config: TrainConfig,
        samples: LabelledSamples,
        source: GradientSource,
        workers: int,
        first: Vector | None = None,
    ) -> None:
        """workers: how many shall take part.  first: weights; default: drawn as in a run."""
        self.config = config
        self._samples, self._source, self._first = samples, source, first
        self._workers = min(workers, config.shards_per_step)  # if there are more, some have nothing to do
        self._whole_steps = len(samples) // config.samples_per_step
        self._checkpoints: CheckpointWriter | None = None
        self._begin()

    def _begin(self) -> None:
        """Begin from the first weights."""
        self._state = TrainingState.initial(self.config)
        if self._first is not None:
            self._state.parameters.flat[:] = self._first
        self._steps: Iterator[StepResult] = iter(())

    @property
    def parameters(self) -> Parameters:
        return self._state.parameters

    def answers(self) -> dict[str, int]:
        """Return how many requests each worker has answered in this epoch."""
        counts = self._state.counts.workers.copy()  # while another thread may train
        return {name: each.answered for name, each in counts.items()}

    def warm_up(self, seconds: float = 1.0) -> None:
        """Take steps until all workers are there, and for so long besides; then begin from the first weights."""
        self._state.epoch = self.config.epochs  # none that counts, so that no step is asked for twice
        deadline = time.monotonic() + _ARRIVAL
        while (there := self._source.n_workers) < self._workers:
            if time.monotonic() > deadline:
                raise RuntimeError(f"only {there} of {self._workers} workers came in {_ARRIVAL:g} s")
            self.take(1)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.take(1)
        self._begin()

    def take(self, count: int) -> None:
        """Take steps; an epoch's last is left out where it is shorter, so that all cost the same."""
        for _ in range(count):
            if self._state.step_index == self._whole_steps:
                self._state.next_epoch()
            if self._state.step_index == 0:
                self._steps = steps(self.config, self._samples, self._source, self._state)
            next(self._steps)
            if self._checkpoints is not None and self._checkpoints.due:
                self._checkpoints.take(self._state)

    def epoch(self) -> None:
        """Take all the steps of an epoch."""
        for _ in steps(self.config, self._samples, self._source, self._state):
            pass
        self._state.next_epoch()

    def milliseconds(self, count: int) -> float:
        """Take so many steps; return the mean time of one."""
        start = time.perf_counter()
        self.take(count)
        return (time.perf_counter() - start) * 1000 / count

    def times(self, seconds: float) -> list[float]:
        """Take steps for so long, and some at least; return the seconds of each."""
        times: list[float] = []
        end = time.perf_counter() + seconds
        while len(times) < _LEAST_STEPS or time.perf_counter() < end:
            start = time.perf_counter()
            self.take(1)
            times.append(time.perf_counter() - start)
        return times

    @contextmanager
    def checkpoints(self, path: Path) -> Iterator[None]:
        """Write checkpoints as a run does, for the time of the block."""
        with closing(CheckpointWriter(path, self.config)) as self._checkpoints:
            yield
        self._checkpoints = None
