"""What turns a table, an array or images into a network's inputs, and its outputs into answers.

It is made of training samples, by `shared.data.new_encoding`, and stays with the model: who uses that needs nothing
else.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from shared.data import columns
from shared.data.blocks import blocks, bounds
from shared.data.columns import STANDARDIZE, Categorical, Numeric
from shared.data.tables import Table, as_floats, plain
from shared.errors import DataError
from shared.typed import typed
from shared.types import Array, Rows

ClassName = str | int | float | bool
Place = Callable[[int], str]  # tells where a row is, for people
_DIGITS = 18  # that every number of 64 bits can have
_PER_INPUT = 64  # bytes of an input when blocks of rows are measured: so 131,072 are encoded at a time, in the cache


def row_name(row: int) -> str:
    """Return where a row of samples is that come from nowhere else."""
    return f"row {row}"


@dataclass(frozen=True)
class Target:
    """What a network answers by an output: (y - mean) / deviation of a number y."""

    name: str
    mean: float = 0.0
    deviation: float = 1.0


@dataclass(frozen=True)
class Encoding:
    """How samples of some data set are given to a network.

    columns: of a table; none: inputs are numbers between -1 and 1, or bytes for 0 … 1, and stay as they are.
    classes: their names, in the order of the outputs; none: they are numbers from 0, or there are targets.
    targets: what outputs stand for if not for classes.
    target: the columns of a table that hold the classes or targets; they are no inputs.
    image_size: height and width, if samples are images.
    """

    columns: tuple[Numeric | Categorical, ...] = ()
    classes: tuple[ClassName, ...] = ()
    targets: tuple[Target, ...] = ()
    target: tuple[str, ...] = ()
    image_size: tuple[int, int] | None = None

    @property
    def n_inputs(self) -> int | None:
        """How many inputs it makes; None if the samples tell, because it makes none."""
        return sum(len(column.inputs) for column in self.columns) if self.columns else None

    @property
    def input_names(self) -> list[str]:
        """The names of the inputs; nothing where columns have none."""
        return [name for column in self.columns for name in column.inputs]

    @property
    def has_labels(self) -> bool:
        """Whether targets are labels, each 0 or 1, and not numbers of any size."""
        return bool(self.targets) and all(target == Target(target.name) for target in self.targets)

    @property
    def task(self) -> str:
        """What outputs stand for, of `shared.data.options.TASKS`."""
        if not self.targets:
            return "classes"
        return "labels" if self.has_labels else "numbers"

    @property
    def standardize(self) -> tuple[float, float] | None:
        """The mean and the deviation that a network should free these inputs of."""
        return STANDARDIZE if self.columns else None

    def inputs(self, samples: Any) -> Array:
        """Return inputs (n_samples, n_inputs) between -1 and 1, float32, or uint8 for 0 … 1.

        samples: a Table, a DataFrame, a mapping of columns or an array, a sample a row; columns that are no inputs may
        be among its named ones.  Raises DataError, with the row and the column, for what does not fit.
        """
        if not self.columns:
            return plain_inputs(samples)
        table = Table.of(samples)
        numbers = self._numbers(table)
        found = np.empty((len(table), self.n_inputs or 0), np.float32)
        for start, stop in bounds(len(table), _PER_INPUT * found.shape[1]):
            self._encode(table.rows(np.arange(start, stop)), numbers, found[start:stop])
        return found

    def _encode(self, table: Table, numbers: Sequence[int], out: Array) -> None:
        """Write the inputs of a table's rows, of which these columns are ours."""
        if table.matrix is not None and all(isinstance(column, Numeric) for column in self.columns):
            matrix = table.matrix if numbers == range(len(table.names)) else table.matrix[:, numbers]
            values = as_floats(matrix)
            if np.isfinite(values).all():  # or each column does with the others what is right
                out[:] = columns.encoded(values, *self._moments)
                return
        first = 0
        for column, number in zip(self.columns, numbers, strict=True):
            stop = first + len(column.inputs)
            out[:, first:stop] = column.encode(table, number)
            first = stop

    def labels(self, values: Any, n_classes: int = 0, place: Place = row_name) -> Rows:
        """Return the numbers of classes (n_samples,).

        Names are the same whether they are numbers or texts of them.  n_classes: how many there are, where they have
        no names; 0: any number.  Raises DataError at the first value that is no class.
        """
        given = np.asarray(values)
        if self.classes:
            numbers = {_key(name): number for number, name in enumerate(self.classes)}
            found = np.array([numbers.get(_key(value), -1) for value in given.tolist()], np.int64)
        elif given.dtype.kind in "biu":
            found = given.astype(np.int64)
        else:
            found = np.array([_number(_key(value)) for value in given.tolist()], np.int64)
        wrong = (found < 0) | (found >= n_classes if n_classes and not self.classes else False)
        if wrong.any():
            row = int(wrong.argmax())
            raise DataError(f"{place(row)}: {given.tolist()[row]!r} is none of the classes {self._known(n_classes)}")
        return found

    def _known(self, n_classes: int) -> str:
        """Return the classes for a message, and what to do."""
        if self.classes:
            known = ", ".join(map(str, self.classes[:12])) + (", …" if len(self.classes) > 12 else "")
            return f"{known}; correct it"
        return f"0 to {n_classes - 1}; correct it" if n_classes else "0, 1, 2, …; they should count from 0"

    def wanted(self, values: Any, place: Place = row_name) -> Array:
        """Return wanted outputs (n_samples, n_targets) float64 of numbers (n_samples,) or (n_samples, n_targets).

        Raises DataError for other shapes, and for a number that is no finite count of deviations away from the mean,
        with the place of its row.
        """
        given = as_floats(np.asarray(values))
        y = given[:, np.newaxis] if given.ndim == 1 else given
        if y.ndim != 2 or y.shape[1] != len(self.targets):
            raise DataError(
                f"wanted outputs have shape {given.shape}, for {len(self.targets)} targets; give a column for each"
            )
        with np.errstate(over="ignore"):
            found: Array = (y - self._means) / self._deviations
        if (far := np.isinf(found)).any():
            row, column = (int(numbers[0]) for numbers in np.nonzero(far))
            target = self.targets[column]
            raise DataError(
                f"{place(row)}: {y[row, column]:g} is too far from {target.mean:g}, the mean of {target.name} in the "
                f"training samples, where {target.deviation:g} is usual; correct it"
            )
        return found

    def answers(self, outputs: Array) -> Array:
        """Return what outputs (n_samples, n_outputs) stand for.

        Names of the strongest outputs' classes (n_samples,); or numbers (n_samples, n_targets), of a single target
        (n_samples,).
        """
        if self.targets:
            found: Array = np.asarray(outputs, np.float64) * self._deviations + self._means
            return found[:, 0] if len(self.targets) == 1 else found
        numbers: Array = np.asarray(outputs).argmax(1)
        return np.array(self.classes)[numbers] if self.classes else numbers

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` takes; what is not there is left out."""
        fields = {
            "columns": [columns.to_json(column) for column in self.columns],
            "classes": list(self.classes),
            "targets": [asdict(target) for target in self.targets],
            "target": list(self.target),
            "image_size": None if self.image_size is None else list(self.image_size),
        }
        return {name: value for name, value in fields.items() if value}

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> "Encoding":
        """Rebuild an encoding.  Raises KeyError, TypeError or ValueError for anything else."""
        written = dict(fields)
        own = tuple(map(columns.from_json, written.pop("columns", [])))
        rest = typed(_Written, written, most=2**64)
        found = cls(own, rest.classes, rest.targets, rest.target, rest.image_size)
        if not all(target.deviation > 0 for target in found.targets):
            raise ValueError("a target has no deviation")
        if found.image_size is not None and min(found.image_size) < 1:
            raise ValueError(f"images of {found.image_size} pixels")
        return found

    def check_fits(self, n_inputs: int, n_outputs: int) -> None:
        """Raise ValueError unless it is one for a network of so many inputs and outputs."""
        if self.n_inputs not in (None, n_inputs) or len(self.classes or self.targets) not in (0, n_outputs):
            raise ValueError(f"its encoding is for another network than one of {n_inputs} inputs, {n_outputs} outputs")

    @property
    def _moments(self) -> tuple[Array, Array]:
        """Means and deviations of columns of numbers."""
        pairs = [(column.mean, column.deviation) for column in self.columns if isinstance(column, Numeric)]
        return np.array([mean for mean, _ in pairs]), np.array([deviation for _, deviation in pairs])

    @property
    def _means(self) -> Array:
        return np.array([target.mean for target in self.targets])

    @property
    def _deviations(self) -> Array:
        return np.array([target.deviation for target in self.targets])

    def _numbers(self, table: Table) -> Sequence[int]:
        """Return the table's columns that are ours, by their names, or where it has no names by their order."""
        ours = [column.name for column in self.columns]
        if tuple(ours) == table.names:
            return range(len(ours))
        if set(ours) <= set(table.names):
            return [table.names.index(name) for name in ours]
        are_named = ours != [str(number) for number in range(len(ours))]
        if table.has_names and are_named and (lacks := [name for name in ours if name not in table.names]):
            raise DataError(
                f"{table.source or 'the table'} has no column {lacks[0]!r}; give the columns of the training"
            )
        if len(table.names) != len(ours):
            raise DataError(
                f"{table.source or 'the array'} has {len(table.names)} columns where {len(ours)} are expected; give "
                "those of the training"
            )
        return range(len(ours))


@dataclass
class _Written:
    """What is written down of an encoding besides its columns, which are of several kinds."""

    classes: tuple[ClassName, ...] = ()
    targets: tuple[Target, ...] = ()
    target: tuple[str, ...] = ()
    image_size: tuple[int, int] | None = None


IDENTITY = Encoding()  # does nothing: inputs are as a network takes them, and classes are numbers from 0


def plain_inputs(samples: Any, place: Place = row_name) -> Array:
    """Return numbers or bytes as inputs (n_samples, n_inputs), as they are.  Raises DataError for anything else."""
    if isinstance(samples, Table):
        samples = np.stack([samples.numbers(number) for number in range(len(samples.names))], 1)
    given = np.asanyarray(samples)
    if given.ndim < 2:
        raise DataError(f"the array has shape {given.shape}; give a row for each sample")
    flat: Array = given.reshape(len(given), math.prod(given.shape[1:]))
    if flat.dtype == np.uint8:
        return flat
    if flat.dtype.kind not in "fiub":
        raise DataError(f"the array holds {flat.dtype}; give numbers, or a table whose columns are encoded")
    if flat.dtype.kind != "f" or flat.dtype.itemsize not in (4, 8):
        flat = flat.astype(np.float32)
    flat = flat.astype(flat.dtype.newbyteorder("<"), copy=False)
    before = 0
    for block in blocks(flat):
        if not np.isfinite(block).all():
            row, column = (int(found[0]) for found in np.nonzero(~np.isfinite(block)))
            raise DataError(f"{place(before + row)}, column {column}: {block[row, column]} is not finite; correct it")
        before += len(block)
    return flat


def _key(name: object) -> str:
    """Return by what two names of a class are the same: NumPy's kinds of text and numbers as Python's, 1 as "1"."""
    if isinstance(name, float) and name.is_integer():
        return str(int(name))
    return str(plain(name))


def _number(key: str) -> int:
    """Return which class that is, where they are numbers from 0; -1: none."""
    return int(key) if key.isdecimal() and key == str(int(key)) and len(key) < _DIGITS else -1
