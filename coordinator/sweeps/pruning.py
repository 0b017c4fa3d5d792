"""Which runs are ended early, because earlier trials did better.

What a trial must reach is known before it begins: it is compared with the trials before it that have come out by then,
however many workers there are. So who is pruned, and after which epoch, is the same on every machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from shared.errors import ConfigError

PRUNINGS = ("none", "median", "halving")

Course = Sequence[float]  # a trial's best so far after each of its epochs; higher is better


@dataclass(frozen=True)
class Pruning:
    """How it is decided."""

    kind: str = "none"
    startup: int = 5  # trials that must have come out before any is pruned
    warm_up: int = 1  # epochs that every trial has
    factor: int = 3  # of successive halving: one in so many goes on

    def __post_init__(self) -> None:
        """Raises ConfigError."""
        if self.kind not in PRUNINGS:
            raise ConfigError("pruning", self.kind, f"must be one of {', '.join(PRUNINGS)}")
        for name, least in (("startup", 1), ("warm_up", 1), ("factor", 2)):
            if getattr(self, name) < least:
                raise ConfigError(name, getattr(self, name), f"must be at least {least}")

    def least(self, whole: Sequence[Course], all_: Sequence[Course], epochs: int) -> dict[int, float]:
        """Return by epochs what a trial's best so far must reach after them.

        whole: courses of earlier trials that were not pruned.  all_: of all that have come out.  epochs: of the trial.
        """
        if self.kind == "none" or len(whole) < self.startup:
            return {}
        if self.kind == "median":
            found = {epoch: [course[epoch] for course in whole if len(course) > epoch] for epoch in range(epochs)}
            return {epoch: median(each) for epoch, each in found.items() if each and epoch + 1 >= self.warm_up}
        return {
            rung - 1: value
            for rung in self._rungs(epochs)
            if (value := self._rung([course[rung - 1] for course in all_ if len(course) >= rung])) is not None
        }

    def _rungs(self, epochs: int) -> list[int]:
        """Return after how many epochs runs are compared: the first after `warm_up`, then each `factor` times later."""
        rungs, rung = list[int](), self.warm_up
        while rung < epochs:
            rungs.append(rung)
            rung *= self.factor
        return rungs

    def _rung(self, others: list[float]) -> float | None:
        """Return what is to be reached to be among the best, one in `factor`, of these and oneself; None: anything.

        As L. Li et al., "A system for massively parallel hyperparameter tuning", 2020, with one that always goes on.
        """
        places = max(1, (len(others) + 1) // self.factor)
        return sorted(others, reverse=True)[places - 1] if places <= len(others) else None
