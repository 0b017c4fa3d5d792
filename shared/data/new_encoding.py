"""Making an encoding of training samples: which columns there are, their means and categories, the classes."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np

from shared.data.columns import Categorical, Numeric, missing_value
from shared.data.encoding import ClassName, Target
from shared.data.moments import column_moments, mean_and_deviation
from shared.data.tables import Table, as_number
from shared.errors import DataError
from shared.types import Array, Rows

IMPUTATIONS = ("mean", "median", "most-frequent")
_MOST_CATEGORIES = 1000
_MOST_CLASSES = 10_000

_Value = TypeVar("_Value", str, float)


def fit_columns(
    table: Table, training: Rows, impute: str | None = None, others: Sequence[Table] = ()
) -> tuple[Numeric | Categorical, ...]:
    """Return the columns of a table: means and deviations are those of the training rows, categories all that occur.

    others: tables of the other parts, where they are no rows of this one, whose categories count too.
    impute: what is to stand for missing values, of `IMPUTATIONS`, by the training rows; of texts it is always the most
    frequent one. None: a missing value is refused.  Raises DataError for columns that cannot be encoded.
    """
    if table.matrix is not None and impute is None and len(training):
        means, deviations = column_moments(table.matrix, training)
        if np.isfinite(means).all():  # or a value is missing, and will be refused
            numbers = zip(table.names, means.tolist(), deviations.tolist(), strict=True)
            return tuple(Numeric(*each) for each in numbers)
    kinds: list[Numeric | Categorical] = []
    for number in range(len(table.names)):
        if table.has_numbers(number) or _mostly_numbers(table, number):
            kinds.append(_numeric(table, number, training, impute))
        else:
            kinds.append(_categorical(table, number, training, impute, others))
    return tuple(kinds)


def fit_target(name: str, values: Array) -> Target:
    """Return a target with mean and deviation of the training samples' values."""
    return Target(name, *mean_and_deviation(values))


def fit_classes(values: Array, always: bool = False) -> tuple[ClassName, ...]:
    """Return the names of classes in their order; none if they are the numbers from 0, unless that is wanted always.

    Raises DataError for more than could be meant.
    """
    names = np.unique(values).tolist()
    if len(names) > _MOST_CLASSES:
        raise DataError(f"there are {len(names)} classes, more than {_MOST_CLASSES}; for numbers give --task numbers")
    if values.dtype.kind in "iu" and names == list(range(len(names))) and not always:
        return ()
    return tuple(names)


def _numeric(table: Table, number: int, training: Rows, impute: str | None) -> Numeric:
    values = table.numbers(number)[training]
    present = values[np.isfinite(values)]
    mean, deviation = mean_and_deviation(present)
    missing = None
    if impute is not None:
        if not len(present):
            raise DataError(f"{table.source or 'the table'}: column {table.names[number]} has no value; leave it out")
        missing = mean
        if impute == "median":
            missing = _median(present)
        elif impute == "most-frequent":
            missing = _most_frequent(present.tolist())
    return Numeric(table.names[number], mean, deviation, missing)


def _median(values: Array) -> float:
    """Return the number in the middle, or the mean of the two there, whose sum may be more than there are numbers."""
    ordered, middle = np.sort(values), len(values) // 2
    return float(ordered[middle] if len(values) % 2 else ordered[middle - 1] / 2 + ordered[middle] / 2)


def _categorical(table: Table, number: int, training: Rows, impute: str | None, others: Sequence[Table]) -> Categorical:
    texts, name = table.texts(number), table.names[number]
    theirs = [other.texts(other.number_of(name)) for other in others]
    categories = tuple(sorted({str(text) for each in (texts, *theirs) for text in np.unique(each)} - {""}))
    if len(categories) > _MOST_CATEGORIES:
        raise DataError(
            f"{table.source or 'the table'}: column {name} has {len(categories)} different texts, which would be as "
            f"many inputs; leave it out with --ignore {name}"
        )
    if not categories:
        raise missing_value(table, number, 0)
    present = [text for text in texts[training].tolist() if text] or categories
    return Categorical(name, categories, None if impute is None else _most_frequent(present))


def _most_frequent(values: Iterable[_Value]) -> _Value:
    """Return the value that occurs most often, of several the least."""
    counts = Counter(values)
    most = max(counts.values())
    return min(value for value, count in counts.items() if count == most)


def _mostly_numbers(table: Table, number: int) -> bool:
    """Tell whether a column of texts is one of numbers of which some are damaged, which are no categories then."""
    present = [text for text in table.columns[number].tolist() if text]
    n_numbers = sum(as_number(text) == as_number(text) for text in present)
    return bool(present) and 2 * n_numbers > len(present)
