"""Deformed images, by the places of their samples in an epoch."""

import numpy as np
from numpy.typing import NDArray

from shared.data.augment.draws import draw, draw_noise
from shared.data.augment.fields import Field
from shared.data.augment.interpolation import Interpolation
from shared.data.augment.noise import add_noise
from shared.data.augment.options import Augmentation
from shared.errors import DataError
from shared.types import Array

_PIXELS = 2**15  # that are deformed at a time: what is computed with them stays in a processor's cache


class Deformer:
    """Deforms images of one size. It has memory of its own, so each thread needs another."""

    def __init__(self, augmentation: Augmentation, height: int, width: int) -> None:
        self._augmentation, self._n_pixels = augmentation, height * width
        if augmentation.moves_pixels:
            self._at_a_time = max(1, _PIXELS // self._n_pixels)
            self._field = Field(augmentation, height, width)
            self._interpolation = Interpolation(height, width, self._at_a_time)
            self._positions = np.empty((2, self._at_a_time, self._n_pixels), np.int32)

    def apply(self, images: Array, seed: int, epoch: int, first: int) -> NDArray[np.float32]:
        """Return the images as that epoch sees them, from 0 to 1: (n, height * width) float32.

        images: (n, height * width) uint8, of consecutive places in the epoch's order.
        first: the place of the first of them.

        What comes out depends on the image, seed, epoch and place alone: however an epoch is cut, and whoever computes
        its parts, the bits are the same. Raises DataError for other images.
        """
        if images.dtype != np.uint8 or images.shape[1] != self._n_pixels:
            raise DataError(
                f"images to be deformed must be {self._n_pixels} bytes each, as those of IDX files; these are "
                f"{images.shape[1]} numbers of {images.dtype}"
            )
        if self._augmentation.moves_pixels:
            found = self._moved(images, seed, epoch, first)
        else:
            found = np.divide(images, 255, dtype=np.float32)
        if self._augmentation.noise:
            words = draw_noise(self._n_pixels, seed, epoch, first, len(images))
            add_noise(found, self._augmentation.noise, words)
        return found

    def _moved(self, images: Array, seed: int, epoch: int, first: int) -> NDArray[np.float32]:
        found = np.empty(images.shape, np.float32)
        coefficients = self._field.coefficients(draw(seed, epoch, first, len(images)))
        for start in range(0, len(images), self._at_a_time):
            part = slice(start, start + self._at_a_time)
            positions = self._positions[:, : len(found[part])]
            self._field.positions(coefficients[:, part], positions)
            self._interpolation.look_up(images[part], positions, found[part])
        return found
