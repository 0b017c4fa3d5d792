"""A data set of what is in memory: arrays or tables of inputs, and labels or numbers to be predicted."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from shared.data.dataset import Dataset
from shared.data.encoded_samples import encoded_samples
from shared.data.encoding import Encoding
from shared.data.found import Found, Pair
from shared.data.options import DataOptions
from shared.errors import DataError
from shared.types import Vector


def dataset_of(
    x: Any,
    y: Any,
    *,
    validation: float | Pair | None = None,
    test: float | Pair | None = None,
    sample_weight: Any = None,
    classes: Sequence[Any] | None = None,
    regression: bool | None = None,
    stratify: bool | None = None,
    impute: str | None = None,
    scale: str | None = None,
    encoding: Encoding | None = None,
    n_classes: int = 0,
    seed: int = 0,
) -> Dataset:
    """Return a data set of arrays, (n_samples, …) bytes or numbers, of a DataFrame or of a Table.

    y: (n_samples,) labels of any kind, or numbers to be predicted; or (n_samples, n_targets) such numbers.
    validation, test: pairs like (x, y), or which share of the samples to take, by `seed`; None: none.
    sample_weight: (n_samples,) above 0, of the samples in x; those in other parts have none.
    classes: the names of all classes, in their order, if some of them may not occur in y.
    regression: whether y is numbers to be predicted; None: what y looks like.
    stratify, impute, scale: as in `DataOptions`.
    encoding, n_classes: of a model, to be used instead of one that is made of the training samples, and of its classes.

    The same samples have the same digests as in a file.  Raises DataError.
    """
    given = {"validation": validation, "test": test}
    own = {name: tuple(value) for name, value in given.items() if isinstance(value, tuple | list)}
    options = DataOptions(
        task=None if regression is None else "numbers" if regression else "classes",
        test=_share(test),
        validation=_share(validation),
        stratify=stratify,
        impute=impute,
        scale=scale,
    )
    weights = None if sample_weight is None else _weights(sample_weight, len(y))
    found = Found((x, y), own.get("validation"), own.get("test"))
    return Dataset(
        *encoded_samples(found, options, seed, encoding=encoding, classes=classes, n_classes=n_classes, weights=weights)
    )


def _share(given: float | Pair | None) -> float:
    return 0.0 if given is None or isinstance(given, tuple | list) else float(given)


def _weights(given: Any, count: int) -> Vector:
    """Return weights of samples.  Raises DataError for others than one each, finite and above 0."""
    weights = np.asarray(given, np.float64)
    if weights.shape != (count,):
        raise DataError(f"there are weights of shape {weights.shape} for {count} samples; give one each")
    if not (np.isfinite(weights).all() and weights.min() > 0):
        raise DataError("weights of samples must be finite and above 0; leave out samples of weight 0")
    return weights
