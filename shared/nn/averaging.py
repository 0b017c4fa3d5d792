"""The mean of several networks' weights."""

import math
from collections.abc import Sequence

import numpy as np

from shared.nn.parameters import Parameters


def mean(several: Sequence[Parameters]) -> Parameters:
    """Return the mean of each weight and bias, of parameters of one shape and dtype.

    The sum of each is exact (J. Shewchuk, "Adaptive precision floating-point arithmetic", 1997) and rounded once, and
    once more when it is divided; so the order of the networks does not matter. Raises OverflowError for a sum that is
    too large.
    """
    first = several[0]
    columns = np.stack([parameters.flat for parameters in several], axis=1, dtype=np.float64).tolist()
    means = np.array([math.fsum(column) / len(several) for column in columns])
    return Parameters(first.sizes, first.dtype, means.astype(first.dtype))
