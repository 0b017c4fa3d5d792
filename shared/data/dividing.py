"""Dividing samples into parts as they were found, and making an encoding of those to learn from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from shared.data.encoding import Encoding, Target, plain_inputs
from shared.data.found import Found, image_size
from shared.data.labels import wanted_of
from shared.data.locations import FILE, Locations
from shared.data.new_encoding import fit_classes, fit_columns, fit_target
from shared.data.options import DataOptions
from shared.data.parts import Part
from shared.data.splits import Split, split
from shared.data.tables import Table, as_floats
from shared.errors import DataError
from shared.types import Array, Rows

_MOST_WHOLE = 50  # different whole numbers that are taken for classes; more are numbers to be predicted


@dataclass(frozen=True)
class DividedPart:
    """Samples of a part: which rows of what."""

    inputs: Any  # a Table or an array
    wanted: Array
    rows: Rows
    source: str  # where they were found, for people
    files: Array | None = None  # their paths in there, if each of what was found is a file

    def __len__(self) -> int:
        return len(self.rows)

    def encoded(self, encoding: Encoding, start: int = 0, stop: int | None = None) -> Array:
        """Return the inputs of some of these samples; all of an array are taken as they lie.  Raises DataError."""
        rows = self.rows[start:stop]
        if isinstance(self.inputs, Table):
            return encoding.inputs(self.inputs.rows(rows))
        some = self.inputs if len(rows) == len(self.inputs) else self.inputs[rows]
        return plain_inputs(some, lambda row: self.locations.of(start + row))

    def labels(self, encoding: Encoding, n_classes: int) -> Array:
        """Return the numbers of these samples' classes, or their wanted outputs.  Raises DataError."""
        wanted = self.wanted[self.rows]
        if encoding.targets:
            return encoding.wanted(_numbers(wanted, ""), self.locations.of)
        return encoding.labels(wanted, n_classes, self.locations.of)

    @property
    def locations(self) -> Locations:
        """Where each of these samples was found."""
        if self.files is not None:
            return Locations(self.source, FILE, self.files[self.rows])
        if not isinstance(self.inputs, Table):
            n_rows = len(self.inputs)
            return Locations(self.source, "row", range(n_rows) if n_rows == len(self.rows) else self.rows)
        places = self.inputs.places
        return Locations(
            self.inputs.source or self.source, self.inputs.unit, self.rows if places is None else places[self.rows]
        )


@dataclass(frozen=True)
class Divided:
    """Samples that are divided, and what they are to be encoded by."""

    parts: dict[Part, DividedPart]
    encoding: Encoding
    n_classes: int  # 0: there are targets
    image_size: tuple[int, int] | None


def divide(
    found: Found,
    options: DataOptions,
    seed: int = 0,
    encoding: Encoding | None = None,
    classes: Sequence[Any] | None = None,
    n_classes: int = 0,
) -> Divided:
    """Divide samples, and make an encoding of those that are for training.

    The parameters are those of `shared.data.encoded_samples`. Nothing is encoded yet.  Raises DataError.
    """
    where = found.source or "the data"
    x, y = _inputs(found.training[0], options, encoding, where), wanted_of(found.training[1], where)
    _check_lengths(x, y, where)
    task = _task(y, options) if encoding is None else encoding.task
    if task == "classes" and y.ndim != 1:
        raise DataError(f"{where} has {y.shape[1]} targets, and a class is one; give one target")
    rows = _split(found, options, seed, y if task == "classes" else None, len(y))
    if not len(rows.training):
        raise DataError(f"{where} has no training samples; give some, or smaller shares for other parts")
    files = found.files.get(Part.TRAINING)
    parts = {part: DividedPart(x, y, rows[part], where, files) for part in Part}
    for part, pair in ((Part.VALIDATION, found.validation), (Part.TEST, found.test)):
        if pair is not None:
            place = f"{where}, {part} samples"
            own, theirs = _inputs(pair[0], options, encoding, place), wanted_of(pair[1], place)
            _check_lengths(own, theirs, place)
            files = found.files.get(part)
            source = place if files is None else where
            parts[part] = DividedPart(own, theirs, np.arange(len(theirs)), source, files)
    if encoding is None:
        encoding = _fit(parts, options.impute, task, found, classes)
    known = len(classes or encoding.classes) or n_classes
    if task == "classes" and not known:  # those that occur: also one that only a test has is a class
        known = 1 + max(int(encoding.labels(part.wanted).max()) for part in parts.values() if len(part.wanted))
    size = found.image_size or encoding.image_size or _size(found.training[0], x)
    return Divided(parts, encoding, known if task == "classes" else 0, size)


def _size(given: Any, inputs: Any) -> tuple[int, int] | None:
    """Return height and width of images; a row of numbers with means of their own is none, however many there are."""
    return image_size(given) if np.ndim(given) == 3 or not isinstance(inputs, Table) else None


def _inputs(x: Any, options: DataOptions, encoding: Encoding | None, where: str) -> Any:
    """Return inputs as a table, if each column is to have its own mean and deviation: bytes are pixels.

    encoding: of a model, which has decided that.  where: the samples are, for people.
    """
    if isinstance(x, Table):
        return x
    if hasattr(x, "columns") or isinstance(x, dict):
        return Table.of(x, where)
    if encoding is not None:
        return Table.of(x, where) if encoding.columns else np.asanyarray(x)
    return np.asanyarray(x) if options.scale == "none" or np.asanyarray(x).dtype == np.uint8 else Table.of(x, where)


def _check_lengths(x: Any, y: Array, where: str) -> None:
    if len(x) != len(y):
        raise DataError(f"{where} has {len(x)} samples but {len(y)} labels; give one for each")


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
    parts: dict[Part, DividedPart],
    impute: str | None,
    task: str,
    found: Found,
    classes: Sequence[Any] | None,
) -> Encoding:
    """Return the encoding that follows from the training samples."""
    x, y, training = parts[Part.TRAINING].inputs, parts[Part.TRAINING].wanted, parts[Part.TRAINING].rows
    others = [part.inputs for part in parts.values() if isinstance(part.inputs, Table) and part.inputs is not x]
    columns = fit_columns(x, training, impute, others) if isinstance(x, Table) else ()
    if task == "classes":
        every = np.unique(np.concatenate([part.wanted for part in parts.values()]))
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
        numbers = as_floats(y)
    except ValueError:
        raise DataError(f"{source or 'the data'}: what is to be predicted is text; give --task classes") from None
    return numbers[:, np.newaxis] if numbers.ndim == 1 else numbers
