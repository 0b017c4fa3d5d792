"""Which samples a step is made of: the order of every epoch, its steps, and the evaluations at its end."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from shared.data.parts import EVALUATED, Part
from shared.nn.random import Purpose, stream
from shared.types import Rows


@dataclass(slots=True)  # frozen, it would take as long as a small network's activations
class Step:
    """One step of a run, and its samples. An evaluation is a step too, which changes no weights."""

    epoch: int
    index: int  # in the epoch, from 0; evaluations follow the steps that change weights
    number: int  # in the run, from 0; messages name it
    update: int  # how many steps of the run have changed weights before
    rows: Rows  # of `part`
    part: Part = Part.TRAINING


@lru_cache(maxsize=2)
def epoch_order(seed: int, epoch: int, n_samples: int) -> Rows:
    """Return the epoch's permutation of range(n_samples), read-only.

    It depends on (seed, epoch) alone, not on the epochs before. It sorts raw words of a counter-based generator,
    because every worker must find the same order, and NumPy may change what `Generator.permutation` returns (NEP 19).
    """
    order = np.argsort(stream(seed, Purpose.ORDER, epoch).random_raw(n_samples), kind="stable")
    order.flags.writeable = False
    return order


class BatchSampler:
    """Cuts each epoch's order into steps; the last may be shorter, as in the notebook."""

    def __init__(self, seed: int, n_samples: int, samples_per_step: int) -> None:
        self._seed, self._n_samples, self._samples_per_step = seed, n_samples, samples_per_step
        self.steps_per_epoch = -(-n_samples // samples_per_step)  # that change weights

    @property
    def numbers_per_epoch(self) -> int:
        """How many steps an epoch has with its evaluations, and so how many numbers."""
        return self.steps_per_epoch + len(EVALUATED)

    def step(self, epoch: int, index: int) -> Step:
        """Return one step of an epoch that changes weights."""
        return self._step(epoch_order(self._seed, epoch, self._n_samples), epoch, index)

    def steps(self, epoch: int, first: int = 0) -> Iterator[Step]:
        """Yield the epoch's steps, from the one with that index on."""
        order = epoch_order(self._seed, epoch, self._n_samples)
        for index in range(first, self.steps_per_epoch):
            yield self._step(order, epoch, index)

    def evaluation(self, epoch: int, part: Part, n_samples: int) -> Step:
        """Return an evaluation at an epoch's end, of so many samples of a part of `EVALUATED`."""
        index, update = self.steps_per_epoch + EVALUATED.index(part), (epoch + 1) * self.steps_per_epoch
        return Step(epoch, index, epoch * self.numbers_per_epoch + index, update, np.arange(n_samples), part)

    def evaluated(self, index: int) -> Part | None:
        """Return what the step of that index in its epoch evaluates; None if it changes weights."""
        return None if index < self.steps_per_epoch else EVALUATED[index - self.steps_per_epoch]

    def _step(self, order: Rows, epoch: int, index: int) -> Step:
        rows = order[index * self._samples_per_step : (index + 1) * self._samples_per_step]
        update = epoch * self.steps_per_epoch + index
        return Step(epoch, index, update + epoch * len(EVALUATED), update, rows)
