"""Which samples are for training, validation and test, where the data does not say so. The run's seed decides."""

from typing import NamedTuple

import numpy as np

from shared.nn.random import Purpose, stream
from shared.types import Array, Rows


class Split(NamedTuple):
    """Rows of the parts, each in the order in which they are in the data."""

    training: Rows
    validation: Rows
    test: Rows


def split(n_samples: int, test: float, validation: float, seed: int, classes: Array | None = None) -> Split:
    """Divide samples at random, by a generator whose words are the same everywhere (NEP 19).

    test, validation: shares of all samples, below 1 together.  classes: (n_samples,), of which each then has its share
    in each part, give or take one sample; None: nobody looks at classes.
    """
    order: Rows = np.argsort(stream(seed, Purpose.SPLIT, 0).random_raw(n_samples), kind="stable")
    if classes is not None:
        order = order[np.argsort(classes[order], kind="stable")]
    order, in_test = _spread(order, _count(test, n_samples))
    order, in_validation = _spread(order, min(_count(validation, n_samples), len(order) - 1))
    return Split(np.sort(order), np.sort(in_validation), np.sort(in_test))


def _spread(order: Rows, count: int) -> tuple[Rows, Rows]:
    """Take so many of the rows, evenly spread over their order; return the others, and those."""
    n = max(1, len(order))
    steps = np.arange(len(order) + 1) * count // n
    taken = steps[1:] > steps[:-1]
    return order[~taken], order[taken]


def _count(share: float, n_samples: int) -> int:
    """Return how many samples a share is: one at least, if it is any, and if something is left then."""
    if share <= 0 or n_samples < 2:
        return 0
    return min(max(1, round(share * n_samples)), n_samples - 1)
