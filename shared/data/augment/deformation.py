"""Deformed images, by the positions of their samples in an epoch."""

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
            self._points = np.empty((2, self._at_a_time, self._n_pixels), np.int32)

    def apply(
        self, images: Array, seed: int, epoch: int, first: int, out: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Return the images as that epoch sees them, from 0 to 1: (n, height * width) float32.

        images: (n, height * width) uint8, of consecutive positions in the epoch's order.
        first: the position of the first of them.
        out: memory for what is returned; default: new.

        What comes out depends on the image, seed, epoch and position alone: however an epoch is cut, and whoever
        computes its parts, the bits are the same. Raises DataError for other images.
        """
        check_images(images, self._n_pixels)
        if self._augmentation.moves_pixels:
            found = self._moved(images, seed, epoch, first, out)
        else:
            found = np.divide(images, 255, out, dtype=np.float32)
        if self._augmentation.noise:
            words = draw_noise(self._n_pixels, seed, epoch, first, len(images))
            add_noise(found, self._augmentation.noise, words)
        return found

    def _moved(
        self, images: Array, seed: int, epoch: int, first: int, out: NDArray[np.float32] | None
    ) -> NDArray[np.float32]:
        found = np.empty(images.shape, np.float32) if out is None else out
        coefficients = self._field.coefficients(draw(seed, epoch, first, len(images)))
        for start in range(0, len(images), self._at_a_time):
            part = slice(start, start + self._at_a_time)
            points = self._points[:, : len(found[part])]
            self._field.points(coefficients[:, part], points)
            self._interpolation.look_up(images[part], points, found[part])
        return found


def check_images(images: Array, n_pixels: int) -> None:
    """Raise DataError unless images can be deformed: (n, n_pixels) uint8."""
    if images.dtype != np.uint8 or images.shape[1] != n_pixels:
        raise DataError(
            f"images to be deformed must be {n_pixels} bytes each, as those of IDX files; these are "
            f"{images.shape[1]} numbers of {images.dtype}; leave --augment out, or give bytes"
        )
