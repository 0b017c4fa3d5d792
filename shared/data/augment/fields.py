"""Where the pixels of a deformed image come from: an affine map plus an elastic field, as products of matrices."""

import math

import numpy as np
from numpy.typing import NDArray

from shared.data.augment.draws import KNOTS, Draws
from shared.data.augment.options import Augmentation
from shared.data.augment.splines import basis
from shared.errors import ConfigError
from shared.types import Array

FRACTIONS = 256  # of a pixel, in which points are told
MOST = 1024  # pixels of an image's side
_STEP, _FUNCTION = 2.0**-9, 2.0**-8  # of what C (in pixels) and f are multiples
_FAR = 128  # pixels, the unit of distances in f: so they are such multiples, and A is told in steps of 2^-16
_RADIANS = math.pi / 180
_DIVISORS = {k: np.array([[k * (k + 1.0)], [k * (k - 1.0)]]) for k in range(2, 24, 2)}  # of the series of both


class Field:
    """Points in the original of the pixels of deformed images.

    The pixel (y, x) of the result, counted from the image's centre, has the colour of the original at

        (y', x') = A (y, x) + shift + elastic(y, x),    A = rotation · scale · shear,

    where elastic(y, x) = Σ_jk B_j(y) c_jk B_k(x) has a spline of 7 x 7 knots for each direction. With 1 and the
    distance from the centre beside the seven B, all of it is (f(y)ᵀ C) f(x), with a 9 x 9 matrix C for each direction.

    No BLAS can change a bit of these two products, since no sum in them is rounded. C is rounded to multiples of 2^-9
    pixels, f to multiples of 2^-8, and so is f(y)ᵀ C to multiples of 2^-9, between the products. Then all terms of both
    are multiples of 2^-17 pixels, and as float32 their sums are exact in any order, if the terms without their signs
    add up to no more than 2^24 · 2^-17 = 128 pixels. The B are never negative and add up to 1, or 1.02 when rounded; no
    entry of A exceeds (1 + scale) (1 + shear). So the terms add up to less than

        bound = 1.1 elastic + shift + size / 2 + 2 + (height + width) / 2 · (1 + scale) (1 + shear).

    (In f(y)ᵀ C, what belongs to the distance in f(x) is one term alone.) For images of 28 x 28 with the default
    strengths that is 55 pixels. Where it is 128 or more, float64 is computed with, to the same result.
    """

    def __init__(self, augmentation: Augmentation, height: int, width: int) -> None:
        """Raises ConfigError for images that are too large."""
        if max(height, width) > MOST:
            rule = f"goes with images of at most {MOST} x {MOST} pixels"
            raise ConfigError("augment", f"{height} x {width}", rule, "leave it out")
        self._augmentation = augmentation
        self._middle = np.array([[height + 1], [width + 1]]) / 2  # of the original, which has a border of one pixel
        stretched = (height + width) / 2 * (1 + augmentation.scale) * (1 + augmentation.shear)
        bound = 1.1 * augmentation.elastic + augmentation.shift + max(height, width) / 2 + 2 + stretched
        self.dtype = np.dtype(np.float32 if bound < 2**24 * _STEP * _FUNCTION else np.float64)
        self._n_knots = KNOTS if augmentation.elastic else 0
        # The pixels that a byte of a knot stands for.
        self._knots = np.rint(augmentation.elastic * (np.arange(256) * 2.0 - 255.0) / 256 / _STEP).astype(self.dtype)
        self._down = np.ascontiguousarray(self._functions(height).T)
        self._across = self._functions(width) * (_STEP * FRACTIONS)

    def _functions(self, size: int) -> Array:
        """Return f at each of so many pixels: (2 or 9, size)."""
        distance = (np.arange(size) - (size - 1) / 2) / _FAR
        functions = np.vstack([basis(size, KNOTS)[: self._n_knots], np.ones(size), distance])
        return (np.rint(functions / _FUNCTION) * _FUNCTION).astype(self.dtype)

    def coefficients(self, draws: Draws) -> Array:
        """Return the matrices C of these samples, in steps: (2, n, 2 or 9, 2 or 9), those of y' before those of x'.

        The points that they are for count from the first pixel of the original's border.
        """
        options, knots = self._augmentation, self._n_knots
        turn, height, width, shear, *shift = draws.affine
        sine, cosine = sine_and_cosine(turn * (options.rotate * _RADIANS), options.rotate * _RADIANS)
        height, width, shear = 1.0 + options.scale * height, 1.0 + options.scale * width, options.shear * shear
        affine = np.zeros((2, 2, 2, len(turn)))  # of y' and x', the rows and columns of 1 and the distance
        # Half a fraction makes a rounding of what will be a truncation.
        np.add(options.shift * np.array(shift), self._middle + 0.5 / FRACTIONS, affine[:, 0, 0])
        affine[:, 0, 1] = sine, cosine
        affine[:, 0, 1] *= _FAR * width
        affine[:, 1, 0] = cosine, -sine
        affine[:, 1, 0] *= _FAR * height
        affine[:, 1, 0] += affine[:, 0, 1] * shear
        found = np.zeros((2, len(turn), knots + 2, knots + 2), self.dtype)
        found[:, :, knots:, knots:] = np.rint(affine / _STEP).transpose(0, 3, 1, 2)
        if knots:
            found[:, :, :knots, :knots] = self._knots.take(draws.knots).reshape(-1, 2, knots, knots).swapaxes(0, 1)
        return found

    def points(self, coefficients: Array, out: Array) -> None:
        """Write where the pixels come from, rounded: (2, n, height * width) int32, in fractions of a pixel.

        coefficients: of some of the samples, as they are made.
        """
        rows = np.matmul(self._down, coefficients)
        np.rint(rows, rows)
        found = rows.reshape(-1, len(self._across)) @ self._across
        np.copyto(out, found.reshape(out.shape), casting="unsafe")


def sine_and_cosine(angle: NDArray[np.float64], largest: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return both of angles in radians, by Taylor's series: off by less than 2^-24, with the same bits everywhere.

    angle: (n,).  largest: that no angle exceeds, at most π; it decides how many terms there are.
    """
    order, left_out = 2, largest * largest / 2  # the first term that is left out: largest^order / order!
    while left_out > 2.0**-24:
        order += 2
        left_out *= largest * largest / (order * (order - 1))
    square, both = angle * angle, np.ones((2, *angle.shape))  # the sine, as yet without a factor, and the cosine
    for k in range(order - 2, 0, -2):
        both *= square
        both /= _DIVISORS[k]
        np.subtract(1.0, both, both)
    return both[0] * angle, both[1]
