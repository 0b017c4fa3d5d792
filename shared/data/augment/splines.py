"""Smooth fields from few numbers: cubic B-splines."""

import numpy as np
from numpy.typing import NDArray


def basis(size: int, knots: int) -> NDArray[np.float64]:
    """Return how much each knot counts at each of so many pixels in a row: (knots, size).

    The knots are equally far from each other, the second at the first pixel, the last but one at the last pixel. At
    each pixel what they count adds up to 1, so a spline is nowhere further from 0 than its farthest knot.

    C. de Boor, "A Practical Guide to Splines", 1978.
    """
    spacing = max(size - 1, 1) / (knots - 3)  # pixels
    distance = np.abs(np.arange(size) / spacing - (np.arange(knots) - 1)[:, None])
    near, far = distance, np.maximum(2.0 - distance, 0.0)
    middle = (4.0 - 6.0 * near * near + 3.0 * near * near * near) / 6.0
    return np.where(distance < 1.0, middle, far * far * far / 6.0)
