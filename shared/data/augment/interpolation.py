"""The colour of an image between its pixels: bilinear, in integers."""

import numpy as np

from shared.data.augment.fields import FRACTIONS
from shared.types import Array

BORDER = 1  # pixels of 0 around an image, as all beyond it is
_WHITE = 255 * FRACTIONS * FRACTIONS  # what 1.0 is in the integers
_LANES = np.uint32(0x00FF00FF)


class Interpolation:
    """Looks up images of one size at positions between their pixels, several images at a time.

    Four neighbours, a byte each, lie in one word of 32 bits, so that one look-up finds them. Two lanes of 16 bits then
    go from left to right, and one from top to bottom: an average with weights of whole 256ths, without any rounding.
    """

    def __init__(self, height: int, width: int, most: int) -> None:
        """most: images at a time."""
        self._height, self._width = height, width
        rows, self._stride = height + 2 * BORDER, width + 2 * BORDER
        area = rows * self._stride
        # Narrow integers take half the time, where positions and places in an image fit into them.
        narrow = max(area, rows * FRACTIONS, self._stride * FRACTIONS) < 2**16
        shape = (2, most, height * width)
        self._whole = np.empty(shape, np.uint16 if narrow else np.int32)
        self._fraction = np.empty(shape, np.uint32)
        # The last row's neighbours below and to the right are outside: these weigh nothing.
        self._neighbours = np.empty(most * area, np.uint32)
        self._pixels = np.zeros(most * area + self._stride + 1, np.uint32)
        self._pairs = np.empty(most * area + self._stride, np.uint32)
        self._image = (np.arange(most, dtype=np.intp) * area)[:, None]  # where each begins
        self._index = np.empty(shape[1:], np.intp)
        self._left, self._right = np.empty(shape[1:], np.uint32), np.empty(shape[1:], np.uint32)

    def look_up(self, images: Array, positions: Array, out: Array) -> None:
        """Write the colours at these positions, from 0 to 1: (n, height * width) float32.

        images: (n, height * width) uint8.
        positions: (2n, height * width) floats, y before x, in FRACTIONS of a pixel from the border's first pixel;
        what follows the point is cut off. They are overwritten.
        """
        n, border = len(images), BORDER * FRACTIONS
        whole, fraction = self._whole[:, :n], self._fraction[:, :n]
        for axis, size in enumerate((self._height, self._width)):
            part = positions[axis * n : (axis + 1) * n]
            np.clip(part, 0, size * FRACTIONS + border, part)
            np.copyto(whole[axis], part, casting="unsafe")
        np.bitwise_and(whole, FRACTIONS - 1, out=fraction, casting="unsafe")
        whole //= FRACTIONS
        whole[0] *= self._stride
        whole[0] += whole[1]
        index = np.add(whole[0], self._image[:n], out=self._index[:n])
        self._pack(images)
        left, right = self._left[:n], self._right[:n]
        self._neighbours.take(index, None, right, "clip")
        # Modulo 2^32, in which differences may well be negative: 256 left + (right - left) fraction.
        np.bitwise_and(right, _LANES, left)
        right >>= 8
        right &= _LANES
        _blend(left, right, fraction[1])
        np.right_shift(left, 16, right)
        left &= 0xFFFF
        _blend(left, right, fraction[0])
        np.divide(left.view(np.int32), np.float32(_WHITE), out, dtype=np.float32, casting="unsafe")

    def _pack(self, images: Array) -> None:
        """Put every pixel beside its neighbours: to the right, below, and both."""
        n, height, width = len(images), self._height, self._width
        size, stride = n * (height + 2 * BORDER) * self._stride, self._stride
        pixels, packed = self._pixels, self._neighbours[:size]
        bordered = pixels[:size].reshape(n, -1, stride)
        bordered[:, BORDER:-BORDER, BORDER:-BORDER] = images.reshape(n, height, width)
        # What a word has above its lowest byte is shifted out, or overwritten by what follows.
        pairs = self._pairs[: size + stride]
        np.left_shift(pixels[1 : size + stride + 1], 8, pairs)
        pairs |= pixels[: size + stride]
        np.left_shift(pairs[stride:], 16, packed)
        packed |= pairs[:size]


def _blend(first: Array, second: Array, weight: Array) -> None:
    """Replace first, in place, by 256 first + (second - first) weight.  second: is overwritten."""
    second -= first
    second *= weight
    first <<= 8
    first += second
