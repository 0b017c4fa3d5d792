"""How fast this machine computes a run's gradients, measured on the spot.

In seconds of a core, not of a clock on the wall: on a busy machine those count what others compute as well.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from shared.config import TrainConfig
from shared.data.sampler import Step
from shared.data.samples import KnownSamples, LabelledSamples
from shared.nn.evaluation import is_finite
from shared.parallel.strategy import strategy_of
from shared.strategies import LocalSGD, SyncSGD

_SECONDS = 0.3  # of a core, for each measurement, of which there are four at most
_PATIENCE = 4  # times as long on a clock is what one may take where others want the core too
_BUSY = 0.8  # of a core, below which a machine is busy
_LEAST_CALLS = 3  # of each; with a large network they may take longer
_LEAST_BYTES = 2**24  # of samples, so that gathering them misses the caches as in a run


@dataclass(frozen=True)
class Profile:
    """Seconds that a run's work takes one core."""

    call: float  # a block of units, whatever it holds
    unit: float  # each unit in it: a sample, a shard or a replica (`shared.parallel.strategy`)
    step: float  # checking a sum, taking the step, and rounding the weights for the next
    mini_batch: float  # the gradient of a whole mini-batch
    share: float = 1.0  # of a core that this process got meanwhile: less than 1 if others want it too

    @property
    def is_busy(self) -> bool:
        """Whether this machine had other things to do."""
        return self.share < _BUSY

    def block(self, units: int) -> float:
        """Return the seconds of a block of so many units."""
        return self.call + self.unit * units

    @property
    def local_step(self) -> float:
        """The seconds of one step that a replica takes alone."""
        return self.mini_batch + self.step


class Watch:
    """Times calls of this thread, in seconds of a core."""

    def __init__(
        self,
        seconds: float,
        core: Callable[[], float] = time.thread_time,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """seconds: of a core, for each measurement.  core: returns what this thread had.  clock: returns seconds."""
        self._seconds, self._core, self._clock = seconds, core, clock
        self._of_core = self._of_clock = 0.0  # seconds of all calls

    @property
    def share(self) -> float:
        """How much of a core the calls had; of a clock that is too coarse, as if they had all of it."""
        return min(1.0, self._of_core / self._of_clock) if self._of_core and self._of_clock else 1.0

    def time(self, call: Callable[[], None]) -> float:
        """Return the lower quartile of the seconds that a call takes: what it takes undisturbed."""
        call()
        times: list[float] = []
        began, now, end = self._clock(), 0.0, 0.0
        first = begin = self._core()
        while len(times) < _LEAST_CALLS or (end - first < self._seconds and now < _PATIENCE * self._seconds):
            call()
            end, now = self._core(), self._clock() - began
            times.append(end - begin)
            begin = end
        self._of_core += end - first
        self._of_clock += now
        return statistics.quantiles(times, n=4)[0]


def profile(config: TrainConfig, samples: KnownSamples | None = None, seconds: float | None = None) -> Profile:
    """Time the real work.

    samples: default: random ones.  seconds: of a core, for each measurement, if three calls do not take longer.
    """
    plain = replace(config, strategy=SyncSGD(shards=None if config.any_order else 1))
    samples = _random_samples(config) if samples is None else samples
    watch = Watch(_SECONDS if seconds is None else seconds)
    step = _time_of_step(plain, watch)
    mini_batch = _time_of_block(plain, samples, plain.shards_per_step, watch)
    if isinstance(config.strategy, LocalSGD):
        # A replica also copies the weights, and subtracts them at the end: about what a step costs.
        return Profile(step, config.strategy.local_steps * (mini_batch + step), step, mini_batch, watch.share)
    units = config.shards_per_step
    if units == 1:
        return Profile(0.0, mini_batch, step, mini_batch, watch.share)
    one = _time_of_block(config, samples, 1, watch)
    all_units = _time_of_block(config, samples, units, watch)
    unit = max(all_units - one, 0.0) / (units - 1)
    return Profile(max(one - unit, 0.0), unit, step, mini_batch, watch.share)


def _random_samples(config: TrainConfig) -> KnownSamples:
    """Return more samples than the caches hold."""
    rng = np.random.default_rng(0)
    inputs, classes = config.sizes[0], config.sizes[-1]
    n_samples = max(config.samples_per_step, _LEAST_BYTES // inputs)
    images = rng.integers(0, 256, (n_samples, inputs), np.uint8)
    return LabelledSamples(images, rng.integers(0, classes, n_samples), classes)


def _time_of_block(config: TrainConfig, samples: KnownSamples, units: int, watch: "Watch") -> float:
    """Return the seconds of the sum of the first units of a step."""
    rng = np.random.default_rng(0)
    strategy = strategy_of(config, samples)
    weights = strategy.broadcast(config.initial_parameters())

    def compute() -> None:
        chosen = rng.integers(0, len(samples), config.samples_per_step)
        strategy.block(weights, Step(0, 0, 0, 0, chosen), 0, units)

    return watch.time(compute)


def _time_of_step(config: TrainConfig, watch: "Watch") -> float:
    """Return the seconds of checking a sum, taking a step with it, and rounding the weights for the next."""
    n_samples = config.samples_per_step
    empty_samples = LabelledSamples(np.empty((n_samples, 0), np.uint8), np.zeros(n_samples, np.int64), 1)
    strategy, parameters = strategy_of(config, empty_samples), config.initial_parameters()
    state = config.initial_optimizer_state(parameters)
    total, first = np.zeros_like(parameters.flat), Step(0, 0, 0, 0, np.arange(n_samples))

    def step() -> None:
        is_finite(total)
        strategy.update(parameters, state, first, total)
        strategy.broadcast(parameters)

    return watch.time(step)
