"""The colour of an image between its pixels: bilinear, in integers."""

import numpy as np

from shared.data.augment.fields import FRACTIONS
from shared.types import Array

_WHITE = 255 * FRACTIONS * FRACTIONS  # what 1.0 is in the integers
_LANES = np.uint32(0x00FF00FF)


class Interpolation:
    """Looks up images of one size at positions between their pixels, several images at a time.

    Four neighbours, a byte each, lie in one word of 32 bits, so that one look-up finds them. Two lanes of 16 bits then
    go from left to right, and one of 32 from top to bottom: an average with weights of whole 256ths, never rounded.
    """

    def __init__(self, height: int, width: int, most: int) -> None:
        """most: images at a time."""
        self._height, self._width = height, width
        self._rows, self._columns = height + 2, width + 2  # with a border of one pixel of 0, as all beyond it is
        area = self._rows * self._columns
        self._pixels = np.zeros(most * area + self._columns + 1, np.uint32)  # the neighbours of the last one are there
        self._pairs = np.empty(most * area + self._columns, np.uint32)
        self._neighbours = np.empty(most * area, np.uint32)
        shape = (most, height * width)
        self._begins = np.repeat(np.arange(most, dtype=np.int32) * area, height * width).reshape(shape)  # each image
        self._fraction = np.empty((2, *shape), np.int32)
        self._index = np.empty(shape, np.intp)
        self._left, self._right = np.empty(shape, np.uint32), np.empty(shape, np.uint32)

    def look_up(self, images: Array, positions: Array, out: Array) -> None:
        """Write the colours at these positions, from 0 to 1: (n, height * width) float32.

        images: (n, height * width) uint8.
        positions: (2, n, height * width) int32, of y and x, in fractions of a pixel from the border's first pixel.
        They are overwritten.
        """
        n = len(images)
        (y, x), fraction = positions, self._fraction[:, :n]
        # On the border's far side the next neighbour may be another image's, with a weight of 0.
        np.clip(y, 0, (self._rows - 1) * FRACTIONS, y)
        np.clip(x, 0, (self._columns - 1) * FRACTIONS, x)
        np.bitwise_and(positions, FRACTIONS - 1, fraction)
        positions >>= FRACTIONS.bit_length() - 1
        y *= self._columns
        y += x
        y += self._begins[:n]
        index, left, right = self._index[:n], self._left[:n], self._right[:n]
        np.copyto(index, y)
        self._pack(images)
        self._neighbours.take(index, None, right, "clip")
        np.bitwise_and(right, _LANES, left)
        right >>= 8
        right &= _LANES
        _blend(left, right, fraction[1])
        np.right_shift(left, 16, right)
        left &= 0xFFFF
        _blend(left, right, fraction[0])
        np.divide(left.view(np.int32), np.float32(_WHITE), out, dtype=np.float32, casting="unsafe")

    def _pack(self, images: Array) -> None:
        """Put every pixel into one word with its neighbours to the right, below, and both."""
        n, columns = len(images), self._columns
        size = n * self._rows * columns
        self._pixels[:size].reshape(n, self._rows, columns)[:, 1:-1, 1:-1] = images.reshape(
            n, self._height, self._width
        )
        pairs, neighbours = self._pairs[: size + columns], self._neighbours[:size]
        np.left_shift(self._pixels[1 : size + columns + 1], 8, pairs)
        pairs |= self._pixels[: size + columns]
        np.left_shift(pairs[columns:], 16, neighbours)
        neighbours |= pairs[:size]


def _blend(first: Array, second: Array, weight: Array) -> None:
    """Replace first, in place, by 256 first + (second - first) weight, in each lane.  second: is overwritten.

    Modulo 2^32, where a difference may be negative, and what a lane borrows of the next comes back with the sum.
    """
    second -= first
    second *= weight.view(np.uint32)
    first <<= 8
    first += second
