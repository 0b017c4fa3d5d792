"""From samples as they were found to samples as a network takes them: divided, and encoded."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from shared.data.encoding import Encoding, Target, plain_inputs
from shared.data.fitting import fit_classes, fit_columns, fit_target
from shared.data.options import DataOptions
from shared.data.samples import KnownSamples, LabelledSamples, VectorSamples
from shared.data.splits import Split, split
from shared.data.tables import Table
from shared.data.weights import scaled
from shared.errors import DataError
from shared.types import Array, Rows, Vector

_MOST_WHOLE = 50  # different whole numbers that are taken for classes; more are numbers to be predicted

Pair = tuple[Any, Any]  # inputs, and what is to be predicted of them


@dataclass(frozen=True)
class Found:
    """Samples as they were found: those to be divided, and others that are a part already.

    Inputs are a Table, or an array of a sample a row: bytes are pixels. What is wanted is (n_samples,) labels of any
    kind or numbers, or (n_samples, n_targets) numbers.
    """

    training: Pair
    validation: Pair | None = None
    test: Pair | None = None
    source: str = ""  # where they are, for people
    target: tuple[str, ...] = ()  # the names of what is to be predicted
    image_size: tuple[int, int] | None = None  # height and width, if the arrays do not tell
    is_encoded: bool = False  # whether they are as a network takes them, and classes are numbers
    encoding: Encoding | None = None  # by which they are encoded then


class Built(NamedTuple):
    """Samples of the three parts, and what they were encoded by, if they were."""

    training: KnownSamples
    validation: KnownSamples
    test: KnownSamples
    image_size: tuple[int, int] | None
    encoding: Encoding | None


def build(
    found: Found,
    options: DataOptions,
    seed: int = 0,
    *,
    encoding: Encoding | None = None,
    classes: Sequence[Any] | None = None,
    weights: Vector | None = None,
) -> Built:
    """Divide and encode samples.

    seed: of the division.  encoding: of a model, instead of one that is made of the training samples.  classes: the
    names of all, in their order, if some of them may not occur.  weights: (n_samples,) of those to be divided; only
    those that become training samples keep theirs.

    Raises DataError for samples that do not fit together, or cannot be encoded.
    """
    where = found.source or "the data"
    x, y = _inputs(found.training[0], options), _wanted(found.training[1], where)
    _check_lengths(x, y, where)
    task = _task(y, options) if encoding is None else _task_of(encoding)
    rows = _split(found, options, seed, y if task == "classes" else None, len(y))
    if not len(rows.training):
        raise DataError(f"{where} has no training samples")
    pairs = {"training": (x, y, rows.training), "validation": (x, y, rows.validation), "test": (x, y, rows.test)}
    for name, pair in (("validation", found.validation), ("test", found.test)):
        if pair is not None:
            own, theirs = _inputs(pair[0], options), _wanted(pair[1], where)
            _check_lengths(own, theirs, where)
            pairs[name] = (own, theirs, np.arange(len(theirs)))
    if encoding is None:
        encoding = _fit(pairs, options.impute, task, found, classes)
    n_classes = len(classes or encoding.classes) or (int(y.max()) + 1 if task == "classes" else 0)
    own_weights = None if weights is None else scaled(weights[rows.training])
    built = {
        name: _samples(encoding, n_classes, *what, own_weights if name == "training" else None)
        for name, what in pairs.items()
    }
    for name, samples in built.items():
        if samples.n_inputs != built["training"].n_inputs:
            expected = built["training"].n_inputs
            raise DataError(f"{where}: {name} samples have {samples.n_inputs} inputs, training samples {expected}")
    size = found.image_size or encoding.image_size or _size(found.training[0], x)
    return Built(built["training"], built["validation"], built["test"], size, _kept(encoding))


def image_size(inputs: Any) -> tuple[int, int] | None:
    """Return height and width of images. Where nobody has told them, a square number of inputs is a square."""
    if np.ndim(inputs) == 3:
        return int(inputs.shape[1]), int(inputs.shape[2])
    side = math.isqrt(inputs.shape[1])
    return (side, side) if side * side == inputs.shape[1] else None


def _size(given: Any, inputs: Any) -> tuple[int, int] | None:
    """Return height and width of images; a row of numbers with means of their own is none, however many there are."""
    return image_size(given) if np.ndim(given) == 3 or not isinstance(inputs, Table) else None


def _inputs(x: Any, options: DataOptions) -> Any:
    """Return inputs as a table, if each column is to have its own mean and deviation: bytes are pixels."""
    if isinstance(x, Table):
        return x
    is_named = hasattr(x, "columns") or isinstance(x, dict)
    if is_named or (options.scale != "none" and np.asanyarray(x).dtype != np.uint8):
        return Table.of(x)
    return np.asanyarray(x)


def _wanted(y: Any, where: str) -> Array:
    """Return what is wanted as an array of numbers or of text."""
    found = np.asarray(y)
    if found.ndim == 2 and found.shape[1] == 1:
        found = found[:, 0]
    if found.ndim not in (1, 2) or (found.size == 0 and found.ndim == 2):
        raise DataError(f"{where} has labels of shape {found.shape}; give one for each sample")
    if found.dtype.kind == "O":
        are_numbers = all(isinstance(value, int | float | np.number) for value in found.ravel())
        found = np.array(found.tolist()) if are_numbers else found.astype(str)
    if found.dtype.kind == "f" and not np.isfinite(found).all():
        row = int(np.nonzero(~np.isfinite(found))[0][0])
        raise DataError(f"{where}, row {row}: the target is {found[row]}; leave out the row")
    return found


def _check_lengths(x: Any, y: Array, where: str) -> None:
    if len(x) != len(y):
        raise DataError(f"{where} has {len(x)} samples but {len(y)} labels; they do not belong together")


def _task(y: Array, options: DataOptions) -> str:
    """Return what is to be predicted, of `shared.data.options.TASKS`."""
    if options.task is not None:
        return options.task
    is_numeric = y.dtype.kind in "biuf"
    if y.ndim == 2:
        return "labels" if is_numeric and bool(np.isin(y, (0, 1)).all()) else "numbers"
    if not is_numeric or y.dtype.kind == "b":
        return "classes"
    is_whole = y.dtype.kind != "f" or bool((y == np.rint(y)).all())
    return "classes" if is_whole and len(np.unique(y)) <= _MOST_WHOLE else "numbers"


def _task_of(encoding: Encoding) -> str:
    if not encoding.targets:
        return "classes"
    return "labels" if encoding.has_labels else "numbers"


def _split(found: Found, options: DataOptions, seed: int, classes: Array | None, n_samples: int) -> Split:
    test = 0.0 if found.test is not None else options.share("test")
    validation = 0.0 if found.validation is not None else options.share("validation")
    if options.stratify and classes is None:
        raise DataError("--stratify goes with classes, and other things are to be predicted; leave it out")
    if options.stratify is False:
        classes = None
    numbers = None if classes is None else np.unique(classes, return_inverse=True)[1]
    return split(n_samples, test, validation, seed, numbers)


def _fit(
    pairs: dict[str, tuple[Any, Array, Rows]],
    impute: str | None,
    task: str,
    found: Found,
    classes: Sequence[Any] | None,
) -> Encoding:
    """Return the encoding that follows from the training samples."""
    x, y, training = pairs["training"]
    others = [each for each, _, _ in pairs.values() if isinstance(each, Table) and each is not x]
    columns = fit_columns(x, training, impute, others) if isinstance(x, Table) else ()
    if task == "classes":
        if y.ndim != 1:
            raise DataError(
                f"{found.source or 'the data'} has {y.shape[1]} targets, and a class is one; give one target"
            )
        every = np.unique(np.concatenate([theirs for _, theirs, _ in pairs.values()]))
        names = fit_classes(every if classes is None else np.array(classes), always=bool(columns))
        return Encoding(columns, tuple(classes) if classes and names else names, (), found.target, found.image_size)
    numbers = _numbers(y, found.source)
    given = found.target or [f"y{number}" if numbers.shape[1] > 1 else "y" for number in range(numbers.shape[1])]
    if task == "labels":
        targets = [Target(name) for name in given]
    else:
        targets = [fit_target(name, column[training]) for name, column in zip(given, numbers.T, strict=True)]
    return Encoding(columns, (), tuple(targets), found.target, found.image_size)


def _numbers(y: Array, source: str) -> Array:
    """Return numbers to be predicted, (n_samples, n_targets).  Raises DataError for text."""
    try:
        numbers = y.astype(np.float64)
    except ValueError:
        raise DataError(f"{source or 'the data'}: what is to be predicted is text; give --task classes") from None
    return numbers[:, np.newaxis] if numbers.ndim == 1 else numbers


def _samples(encoding: Encoding, n_classes: int, x: Any, y: Array, rows: Rows, weights: Vector | None) -> KnownSamples:
    """Return encoded samples; all of an array are taken as they lie."""
    if isinstance(x, Table):
        inputs = encoding.inputs(x.rows(rows))
    else:
        inputs = plain_inputs(x if len(rows) == len(x) else x[rows])
    if encoding.targets:
        return VectorSamples(inputs, encoding.wanted(_numbers(y[rows], "")), weights)
    return LabelledSamples(inputs, encoding.labels(y[rows]), n_classes, weights)


def _kept(encoding: Encoding) -> Encoding | None:
    """Return an encoding, or nothing for one that does nothing."""
    return None if encoding == Encoding() else encoding
