"""Noise that every machine makes alike."""

import math

import numpy as np
from numpy.typing import NDArray

_BYTE_PAIRS = np.uint32(0x00FF00FF)
_MEAN, _DEVIATION = 4 * 127.5, math.sqrt(4 * (256**2 - 1) / 12)  # of the sum of four bytes


def add_noise(images: NDArray[np.float32], deviation: float, words: NDArray[np.uint32]) -> None:
    """Add noise of that standard deviation to images of 0 … 1, in place; what goes beyond is set to 0 or 1.

    words: shaped like images; overwritten. The sum of the four bytes of a word is nearly normal, and needs no
    logarithm.
    """
    pairs = words >> np.uint32(8)
    pairs &= _BYTE_PAIRS
    words &= _BYTE_PAIRS
    words += pairs
    np.right_shift(words, np.uint32(16), out=pairs)
    words += pairs
    words &= np.uint32(0xFFFF)
    noise = words.astype(np.float32)
    noise -= np.float32(_MEAN)  # exact
    noise *= np.float32(deviation / _DEVIATION)
    images += noise
    np.clip(images, 0, 1, out=images)
