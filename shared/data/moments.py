"""Means and deviations with the same bits on every machine, whatever order a machine adds in."""

from collections.abc import Callable, Iterator

import numpy as np

from shared.data.blocks import bounds
from shared.data.tables import as_floats
from shared.nn.grids import bits_of
from shared.types import Array, Rows

_BITS = 51  # that a sum may have, and its terms too: below 2^52 units a float rounds to whole ones


def mean_and_deviation(values: Array) -> tuple[float, float]:
    """Return the mean, and the root of the mean squared distance from it; (0, 1) of nothing, deviation 1 of equals.

    values: (n,) finite floats.
    """
    if not len(values):
        return 0.0, 1.0
    means, deviations = column_moments(values[:, np.newaxis], np.arange(len(values)))
    return float(means[0]), float(deviations[0])


def column_moments(matrix: Array, rows: Rows) -> tuple[Array, Array]:
    """Return means and deviations of the columns of some rows, which are finite: (n_columns,) each.

    matrix: may lie on the disk, and is gone through three times. There is a row at least.
    """

    def parts() -> Iterator[Array]:
        for start, stop in bounds(len(rows), 8 * matrix.shape[1]):
            yield as_floats(matrix[rows[start:stop]])

    least = np.minimum.reduce([part.min(0) for part in parts()])
    most = np.maximum.reduce([part.max(0) for part in parts()])
    # So that no square is too large or too small for a float.
    scales = _powers_above(np.maximum(-least, most))
    least, most = least / scales, most / scales
    sums = _sums(parts, lambda part: part / scales, np.maximum(-least, most), len(rows))
    means = np.clip(sums / len(rows), least, most)
    largest = np.maximum((least - means) ** 2, (most - means) ** 2)
    squares = _sums(parts, lambda part: (part / scales - means) ** 2, largest, len(rows))
    deviations = np.sqrt(squares / len(rows)) * scales
    vary = (least < most) & (deviations > 0)
    return means * scales, np.where(vary, deviations, 1.0)


def _sums(parts: Callable[[], Iterator[Array]], of: Callable[[Array], Array], largest: Array, count: int) -> Array:
    """Return sums of values that are rounded to grids on which they are exact, and so the same in any order.

    largest: of the magnitudes in each column.  count: of the rows.
    """
    shifts = np.ldexp(_powers_above(largest), bits_of(count) - _BITS) * 1.5 * 2.0**52  # see `shared.nn.grids.Grid`
    total = np.zeros(len(largest))
    for part in parts():
        values = of(part)
        values += shifts
        values -= shifts
        total += np.add.reduce(values, 0)
    return total


def _powers_above(values: Array) -> Array:
    """Return the smallest powers of two that are not below the values, or the largest that there is; 1 for 0."""
    mantissas, exponents = np.frexp(values)
    found: Array = np.where(values > 0, np.ldexp(1.0, np.minimum(exponents - (mantissas == 0.5), 1023)), 1.0)
    return found
