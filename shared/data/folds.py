"""Folds of a cross-validation: training samples in k parts, of which each in turn is for validation.

The run's seed decides which sample is in which (M. Stone, "Cross-validatory choice and assessment of statistical
predictions", 1974).
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from shared.errors import ConfigError
from shared.nn.random import Purpose, stream
from shared.types import Array, Rows


@dataclass(frozen=True)
class Fold:
    """One of them."""

    number: int  # from 1
    count: int

    def __post_init__(self) -> None:
        """Raises ConfigError."""
        if not (self.count >= 2 and 1 <= self.number <= self.count):
            raise ConfigError("fold", self, "must be one of two or more", "1/5 is the first of five")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the fold that 2/5 stands for.  Raises ConfigError."""
        number, _, count = text.partition("/")
        if not (number.isdecimal() and count.isdecimal()):
            raise ConfigError("fold", text, "must be a number and how many there are", "1/5 is the first of five")
        return cls(int(number), int(count))

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def size(self, n_samples: int) -> int:
        """Return how many of so many samples are in it."""
        return len(range(self.number - 1, n_samples, self.count))

    def rows(self, n_samples: int, seed: int, classes: Array | None = None) -> tuple[Rows, Rows]:
        """Return the rows to train on and those to validate on, each in the order in which they are in the data.

        classes: (n_samples,), of which each then has its share in each fold, give or take one sample.
        Raises ConfigError if there are fewer samples than folds.
        """
        if n_samples < self.count:
            raise ConfigError("fold", self, f"must be one of at most {n_samples}, the number of training samples")
        order: Rows = np.argsort(stream(seed, Purpose.FOLDS, 0).random_raw(n_samples), kind="stable")
        if classes is not None:
            order = order[np.argsort(classes[order], kind="stable")]
        is_ours = np.zeros(n_samples, bool)
        is_ours[order[self.number - 1 :: self.count]] = True  # as cards are dealt
        return np.flatnonzero(~is_ours), np.flatnonzero(is_ours)
