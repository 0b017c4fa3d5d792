"""Where the pixels of a deformed image come from: an affine map plus an elastic field, in one product of matrices."""

import math

import numpy as np
from numpy.typing import NDArray

from shared.data.augment.draws import KNOTS, Draws
from shared.data.augment.options import Augmentation
from shared.data.augment.splines import basis
from shared.types import Array

FRACTIONS = 256  # of a pixel, into which it is divided for interpolation
_UNITS = 2**14  # of a pixel, in which everything is computed
_RADIANS = math.pi / 180


class Field:
    """Positions in the original of the pixels of deformed images.

    The pixel (y, x) of the result, counted from the image's centre, has the colour of the original at

        (y', x') = A (y, x) + shift + elastic(y, x),    A = rotation · scale · shear,

    where elastic(y, x) = Σ_jk B_j(y) B_k(x) c_jk has a spline of 7 x 7 knots for each direction.

    For n images that is one product of 2n rows of coefficients (c_jk, constant, A's two columns) and 52 functions
    (B_j(y) B_k(x), 1, y, x), and no BLAS can change its bits. All entries of both are whole multiples of a power of
    two, such that every product is one of 2^-14 pixels. The products of a row and a column add up, without their signs,
    to at most

        size/2 + 1 + shift + elastic              pixels, for the constant and the knots, whose B add up to 1,
        (height + width) (1 + scale) (1 + shear) / 2      for the two columns of A, of which no entry exceeds
                                                          (1 + scale) (1 + shear),

    and what the rounding of entries adds. `bound` is that in units of 2^-14 pixels; while it is below 2^24, as for all
    images of up to 128 x 128 pixels with strengths of which a digit can survive, every partial sum in any order is a
    float32 and nothing is rounded. Above it float64 is used, whose 2^53 is out of reach: strengths are limited.
    """

    def __init__(self, augmentation: Augmentation, height: int, width: int) -> None:
        self._augmentation = augmentation
        self._size = np.array([height, width])[:, None]  # of y and x
        y, x = (np.arange(size) * 2 - (size - 1) for size in (height, width))  # twice the distance from the centre
        affine = [np.ones(height * width), np.repeat(y, width), np.tile(x, height)]
        self._n_knots = KNOTS * KNOTS if augmentation.elastic else 0
        functions = np.array(affine)
        if self._n_knots:
            down, across = basis(height, KNOTS), basis(width, KNOTS)
            product = (down[:, None, :, None] * across[None, :, None, :]).reshape(self._n_knots, -1)
            # The numbers of the knots are odd multiples of 1/256.
            functions = np.vstack([np.rint(product * (augmentation.elastic * _UNITS / 256)), functions])
        stretched = (1 + augmentation.scale) * (1 + augmentation.shear) * _UNITS / 2 + 1
        far = max(height, width) / 2 + 1 + augmentation.shift + augmentation.elastic
        self.bound = far * _UNITS + (height + width) * stretched + 64 + self._n_knots * 128
        self.dtype = np.dtype(np.float32 if self.bound < 2**24 else np.float64)
        # The result counts fractions of a pixel. Dividing by a power of two is exact.
        self._functions = np.ascontiguousarray(functions / (_UNITS // FRACTIONS), self.dtype)

    def coefficients(self, draws: Draws) -> Array:
        """Return the coefficients of these samples: (2, n, 3 or 52), those of y before those of x."""
        turn, height, width, shear, down, across = draws.affine
        options = self._augmentation
        sine, cosine = sine_and_cosine(turn * (options.rotate * _RADIANS), options.rotate * _RADIANS)
        height, width, shear = 1.0 + options.scale * height, 1.0 + options.scale * width, options.shear * shear
        found = np.empty((2, len(turn), self._n_knots + 3), self.dtype)
        if self._n_knots:
            found[..., :-3] = draws.knots.reshape(-1, 2, self._n_knots).swapaxes(0, 1)
            found[..., :-3] *= 2
            found[..., :-3] += 1
        # The original has a border of one pixel, and half a fraction makes a rounding of what is a cutting off.
        centre = ((self._size + 1) / 2 + 0.5 / FRACTIONS) * _UNITS
        found[..., -3] = np.rint(np.stack([down, across]) * (options.shift * _UNITS) + centre)
        half = _UNITS / 2  # the functions y and x have twice the distance
        found[0, :, -2] = np.rint((cosine * height + sine * width * shear) * half)  # y' from y
        found[0, :, -1] = np.rint(sine * width * half)  # y' from x
        found[1, :, -2] = np.rint((cosine * width * shear - sine * height) * half)  # x' from y
        found[1, :, -1] = np.rint(cosine * width * half)  # x' from x
        return found

    def positions(self, coefficients: Array, out: Array) -> None:
        """Write where the pixels come from: (2n, height * width), y before x, in fractions of a pixel.

        coefficients: (2n, 3 or 52).  Counted from the border's first pixel; what follows the point is to be cut off.
        """
        np.matmul(coefficients, self._functions, out)


def sine_and_cosine(angle: NDArray[np.float64], largest: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return both of angles in radians, by Taylor's series: off by less than 2^-24, with the same bits everywhere.

    largest: that no angle exceeds; it decides how many terms there are.
    """
    order, left_out = 2, largest * largest / 2  # the first term that is left out: largest^order / order!
    while left_out > 2.0**-24:
        order += 2
        left_out *= largest * largest / (order * (order - 1))
    square = angle * angle
    sine, cosine = np.ones_like(angle), np.ones_like(angle)
    for k in range(order - 2, 0, -2):
        cosine = 1.0 - cosine * square / (k * (k - 1))
        sine = 1.0 - sine * square / (k * (k + 1))
    return sine * angle, cosine
