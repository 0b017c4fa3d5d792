"""The random numbers of a deformed sample: raw words, by the sample's place in its epoch."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.nn.random import Purpose, stream
from shared.types import Array

KNOTS = 7  # of the splines, down and across
_BLOCK = 32  # bytes: four words of 64 bits
_KNOT_BYTES, _AFFINE_BYTES = 2 * KNOTS * KNOTS, 12
_BLOCKS = -(-(_KNOT_BYTES + _AFFINE_BYTES) // _BLOCK)  # a sample


class Draws(NamedTuple):
    """What is random about the deformations of n samples."""

    knots: NDArray[np.uint8]  # (n, 98): the knots of y, row by row, then those of x
    affine: NDArray[np.float64]  # (6, n): between -1 and 1, for angle, height, width, shear, shift down and across


def draw(seed: int, epoch: int, first: int, count: int) -> Draws:
    """Return the numbers of so many samples, from that place in the epoch's order on.

    Which deformations are wanted changes none of them: to turn one off leaves the others as they were.
    """
    found = _bytes(Purpose.DEFORMATION, _BLOCKS, seed, epoch, first, count)
    affine = found[:, _KNOT_BYTES : _KNOT_BYTES + _AFFINE_BYTES].copy().view("<u2").T
    return Draws(found[:, :_KNOT_BYTES], (affine * 2.0 - 65535.0) / 65536.0)


def draw_noise(n_pixels: int, seed: int, epoch: int, first: int, count: int) -> NDArray[np.uint32]:
    """Return four bytes for each pixel of so many samples: (count, n_pixels), from that place on."""
    found = _bytes(Purpose.NOISE, -(-4 * n_pixels // _BLOCK), seed, epoch, first, count)
    return found[:, : 4 * n_pixels].view("<u4").astype(np.uint32)


def _bytes(purpose: Purpose, blocks: int, seed: int, epoch: int, first: int, count: int) -> Array:
    """Return the bytes of so many samples that have so many blocks each: (count, 32 blocks) uint8."""
    words = stream(seed, purpose, epoch, first * blocks).random_raw(count * blocks * _BLOCK // 8)
    # The lowest byte of a word first, whichever byte this machine has first.
    return words.astype("<u8", copy=False).view(np.uint8).reshape(count, blocks * _BLOCK)
