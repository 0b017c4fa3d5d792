"""What options can be taken from the training samples."""

import math

import numpy as np

from shared.data.samples import KnownSamples, LabelledSamples
from shared.errors import DataError

_DIGITS = 4  # of a mean and a deviation: more say nothing, and so no sum's order can show


def moments(samples: KnownSamples) -> tuple[float, float]:
    """Return mean and standard deviation of all inputs together, as a network takes them, to four digits.

    Raises DataError if they are all the same.
    """
    scale = 255.0 if samples.values.dtype == np.uint8 else 1.0
    mean = float(samples.values.mean(dtype=np.float64)) / scale
    deviation = float(samples.values.std(dtype=np.float64)) / scale
    if not deviation > 0:
        raise DataError(f"all inputs are {mean:g}: there is nothing to standardize, nor to learn; give others")
    return _rounded(mean), _rounded(deviation)


def balanced(samples: LabelledSamples) -> tuple[float, ...]:
    """Return weights of the classes by which all have the same part in the cost: n / (classes * samples of the class).

    Raises DataError if a class has no sample.
    """
    counts = np.bincount(samples.labels, minlength=samples.n_classes)
    if not counts.all():
        raise DataError(f"class {int(counts.argmin())} has no training sample, so no weight balances it; give weights")
    return tuple(len(samples) / (samples.n_classes * int(count)) for count in counts)


def _rounded(value: float) -> float:
    if value == 0:
        return 0.0
    return round(value, _DIGITS - 1 - math.floor(math.log10(abs(value))))
