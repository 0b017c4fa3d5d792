"""A picture of what a network sees: images, and what becomes of them in the first epochs."""

import numpy as np
from numpy.typing import NDArray

from shared.data.augment.deformation import Deformer
from shared.data.augment.options import Augmentation
from shared.data.dataset import Dataset
from shared.data.sampler import epoch_order
from shared.errors import DataError

EPOCHS = 9
_GAP, _GREY = 4, 96  # pixels between images, and their shade
_SIDE = 56  # pixels that an image should have at least


def deformed(data: Dataset, augmentation: Augmentation, seed: int, n_samples: int) -> NDArray[np.uint8]:
    """Return a picture: a row for each of the first training samples, its image before what each epoch sees of it.

    seed: of the run. At most all samples are shown.  Raises DataError if they are not images of bytes, and ConfigError.
    """
    images = data.training.values
    if data.image_size is None:
        raise DataError(f"samples of {images.shape[1]} inputs are no images; they cannot be deformed")
    height, width = data.image_size
    n_samples = min(n_samples, len(images))
    deformer = Deformer(augmentation, height, width)
    columns = np.empty((1 + EPOCHS, n_samples, height, width), np.uint8)
    for epoch in range(EPOCHS):
        order = epoch_order(seed, epoch, len(images))
        for row in range(n_samples):
            position = int(np.flatnonzero(order == row)[0])
            seen = deformer.apply(images[row : row + 1], seed, epoch, position)
            columns[1 + epoch, row] = np.rint(seen * 255).reshape(height, width)
    columns[0] = images[:n_samples].reshape(n_samples, height, width)  # bytes, or they would have been refused
    return _sheet(columns)


def _sheet(columns: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return images side by side and one below the other, enlarged if they are small, the first column set off."""
    n_columns, n_rows, height, width = columns.shape
    times = max(1, _SIDE // max(height, width))
    high, wide = height * times + _GAP, width * times + _GAP
    sheet = np.full((n_rows * high + _GAP, n_columns * wide + 3 * _GAP), _GREY, np.uint8)
    for column, images in enumerate(columns):
        left = _GAP + column * wide + 2 * _GAP * (column > 0)
        for row, image in enumerate(images):
            top = _GAP + row * high
            sheet[top : top + height * times, left : left + width * times] = image.repeat(times, 0).repeat(times, 1)
    return sheet
