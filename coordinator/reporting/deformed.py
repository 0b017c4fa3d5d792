"""A picture of what a network sees: images, and what becomes of them in the first epochs."""

import numpy as np
from numpy.typing import NDArray

from coordinator.reporting.sheet import GAP, sheet
from shared.data.augment.deformation import Deformer
from shared.data.augment.options import Augmentation
from shared.data.dataset import Dataset
from shared.data.sampler import epoch_order
from shared.errors import DataError

EPOCHS = 9
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
    shown = np.empty((n_samples, 1 + EPOCHS, height, width), np.uint8)
    for epoch in range(EPOCHS):
        order = epoch_order(seed, epoch, len(images))
        for row in range(n_samples):
            position = int(np.flatnonzero(order == row)[0])
            seen = deformer.apply(images[row : row + 1], seed, epoch, position)
            shown[row, 1 + epoch] = np.rint(seen * 255).reshape(height, width)
    shown[:, 0] = images[:n_samples].reshape(n_samples, height, width)  # bytes, or they would have been refused
    return sheet([*shown.reshape(-1, height, width)], 1 + EPOCHS, _SIDE, apart=2 * GAP)
