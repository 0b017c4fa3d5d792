"""How the learning rate changes over a run. A new schedule is a class here and a line in `SCHEDULES`."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import ClassVar, NamedTuple

from shared.errors import ConfigError
from shared.optim.powers import cosine, power


class Progress(NamedTuple):
    """Where a run is."""

    step: int  # from 0: how many steps were taken
    n_steps: int  # of the whole run
    steps_per_epoch: int
    reductions: int = 0  # how often the learning rate was reduced for what was seen (`Schedule.reductions`)

    @property
    def epoch(self) -> int:
        return self.step // max(1, self.steps_per_epoch)


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """From where a run is to a factor of its learning rate; its fields are its options.

    In all of them the factor is multiplied by 1/w, 2/w, … 1 in the first w steps, which `warm_up` gives.
    """

    kind: ClassVar[str]
    feedback: ClassVar[bool] = False  # whether it follows how well the run learns

    warm_up: float = 0.0  # below 1: the share of the run's steps; from 1 on: the number of steps

    def __post_init__(self) -> None:
        """Raises ConfigError."""
        if not (0 <= self.warm_up < 1 or (self.warm_up >= 1 and self.warm_up == self.warm_up // 1)):
            hint = "0.02 is the first 2 % of the run, 100 its first 100 steps"
            raise ConfigError("warm_up", self.warm_up, "must be a share below 1 or a whole number of steps", hint)

    @property
    def depends_on_end(self) -> bool:
        """Whether another number of epochs changes the first steps too: such a run cannot be prolonged."""
        return 0 < self.warm_up < 1

    def warm_up_steps(self, n_steps: int) -> int:
        """Return the number of steps that the factor grows in."""
        return int(self.warm_up * n_steps if self.warm_up < 1 else self.warm_up)

    def factor(self, progress: Progress) -> float:
        """Return what the learning rate is multiplied by in a step."""
        shape = self.shape(progress)
        if not self.warm_up:
            return shape
        growing = self.warm_up_steps(progress.n_steps)
        return shape * ((progress.step + 1) / growing) if progress.step < growing else shape

    def shape(self, progress: Progress) -> float:
        """Return the factor apart from the warm-up."""
        raise NotImplementedError

    def reductions(self, history: Sequence[float]) -> int:
        """Return how often to reduce the learning rate.  history: of each finished epoch; more is better."""
        return 0

    def finished(self, history: Sequence[float]) -> bool:
        """Tell whether there is nothing more to be learned.  history: of each finished epoch; more is better."""
        return False


@dataclass(frozen=True, kw_only=True)
class Constant(Schedule):
    """1: the learning rate as it was given."""

    kind: ClassVar[str] = "constant"

    def shape(self, progress: Progress) -> float:
        return 1.0


@dataclass(frozen=True, kw_only=True)
class StepDecay(Schedule):
    """`decay` after `every` epochs, its square after twice as many, and so on."""

    kind: ClassVar[str] = "step"
    every: int = 10  # epochs
    decay: float = 0.5

    def __post_init__(self) -> None:
        """Raises ConfigError."""
        super().__post_init__()
        _check_count("every", self.every)
        _check_decay(self.decay)

    def shape(self, progress: Progress) -> float:
        return power(self.decay, progress.epoch // self.every)


@dataclass(frozen=True, kw_only=True)
class ExponentialDecay(Schedule):
    """`decay` to the power of the number of finished epochs."""

    kind: ClassVar[str] = "exponential"
    decay: float = 0.95

    def __post_init__(self) -> None:
        """Raises ConfigError."""
        super().__post_init__()
        _check_decay(self.decay)

    def shape(self, progress: Progress) -> float:
        return power(self.decay, progress.epoch)


@dataclass(frozen=True, kw_only=True)
class CosineDecay(Schedule):
    """Half a wave of a cosine, from 1 after the warm-up to 0 at the end (I. Loshchilov and F. Hutter, ICLR 2017)."""

    kind: ClassVar[str] = "cosine"

    @property
    def depends_on_end(self) -> bool:
        return True

    def shape(self, progress: Progress) -> float:
        first = self.warm_up_steps(progress.n_steps)
        if progress.step <= first:
            return 1.0
        return (1 + cosine((progress.step - first) / (progress.n_steps - first))) / 2


@dataclass(frozen=True, kw_only=True)
class Plateau(Schedule):
    """`decay`, once more each time that `patience` epochs have brought nothing better."""

    kind: ClassVar[str] = "plateau"
    feedback: ClassVar[bool] = True
    decay: float = 0.1
    patience: int = 10  # epochs

    def __post_init__(self) -> None:
        """Raises ConfigError."""
        super().__post_init__()
        _check_decay(self.decay)
        _check_count("patience", self.patience)

    def shape(self, progress: Progress) -> float:
        return power(self.decay, progress.reductions)

    def reductions(self, history: Sequence[float]) -> int:
        return disappointments(history, self.patience)


@dataclass(frozen=True, kw_only=True)
class Halving(Schedule):
    """1/2, once more each time that `patience` epochs have brought nothing better, and at `limit` the run ends.

    M. Nielsen, "Neural Networks and Deep Learning", chapter 3.
    """

    kind: ClassVar[str] = "halving"
    feedback: ClassVar[bool] = True
    patience: int = 10  # epochs
    limit: float = 1 / 128

    def __post_init__(self) -> None:
        """Raises ConfigError."""
        super().__post_init__()
        _check_count("patience", self.patience)
        if not 0 < self.limit < 1:
            raise ConfigError("limit", self.limit, "must be above 0 and below 1", "Nielsen proposes 1/128, 0.0078125")

    def shape(self, progress: Progress) -> float:
        return math.ldexp(1.0, -progress.reductions)

    def reductions(self, history: Sequence[float]) -> int:
        return disappointments(history, self.patience)

    def finished(self, history: Sequence[float]) -> bool:
        return math.ldexp(1.0, -self.reductions(history)) <= self.limit


SCHEDULES: dict[str, type[Schedule]] = {
    kind.kind: kind for kind in (Constant, StepDecay, ExponentialDecay, CosineDecay, Plateau, Halving)
}


def disappointments(history: Sequence[float], patience: int) -> int:
    """Return how often `patience` epochs in turn have brought nothing better than what was best before them."""
    found = waited = 0
    for value, best in zip(history[1:], accumulate(history, max), strict=False):
        waited = 0 if value > best else waited + 1
        if waited == patience:
            found, waited = found + 1, 0
    return found


def _check_count(field: str, value: int) -> None:
    if value < 1:
        raise ConfigError(field, value, "must be at least 1")


def _check_decay(value: float) -> None:
    if not 0 < value <= 1:
        raise ConfigError("decay", value, "must be above 0 and at most 1")
