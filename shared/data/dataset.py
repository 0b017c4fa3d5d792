"""A data set: training, validation and test samples that fit each other."""

import math
import stat
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from shared.data.parts import Part
from shared.data.samples import LabelledSamples
from shared.data.sources import SOURCES
from shared.errors import DataError
from shared.types import Array, Vector

DEFAULT_DATA = Path("data/mnist")
_MOST_CLASSES = 10_000  # a label above this is a damaged file, not a class
WANTED = " or ".join(source.what for source in SOURCES.values())


@dataclass(frozen=True)
class Dataset:
    """Samples to learn from, to choose options by, and to test on."""

    training: LabelledSamples
    validation: LabelledSamples
    test: LabelledSamples
    image_size: tuple[int, int] | None = None  # height and width, where the inputs are an image's pixels, row by row

    def first(self, n_samples: int) -> "Dataset":
        """Return the data set with only its first so many training samples, if there are so many; 0: with all."""
        return replace(self, training=self.training.first(n_samples)) if n_samples else self

    def weighted(self, weights: Vector | None) -> "Dataset":
        """Return the data set with weights of its training samples.  Raises DataError for others than one each."""
        if weights is None:
            return self
        if len(weights) != len(self.training):
            raise DataError(
                f"there are {len(weights)} weights for {len(self.training)} training samples; give one each"
            )
        return replace(self, training=replace(self.training, weights=weights))

    def part(self, part: Part) -> LabelledSamples:
        """Return the samples of a part."""
        return (self.training, self.validation, self.test)[part]

    def check_inputs(self, arithmetic: str) -> None:
        """Raise DataError for inputs that an arithmetic cannot take."""
        for part in Part:
            self.part(part).check_inputs(arithmetic)


def load_dataset(path: Path) -> Dataset:
    """Read a data set from whichever of `SOURCES` it is.

    The number of classes is the highest training label plus one. Raises DataError.
    """
    path = find_dataset(path)
    try:
        found = next(source for source in SOURCES.values() if source.recognises(path)).read(path)
    except MemoryError:
        raise DataError(f"{path} does not fit into memory; give a smaller data set") from None
    pairs = [(images.reshape(len(images), math.prod(images.shape[1:])), labels) for images, labels in found]
    if len(pairs[0][1]) == 0 or len(pairs[2][1]) == 0:
        raise DataError(f"{path} has no training or no test samples")
    n_classes = int(pairs[0][1].max()) + 1
    for part, (images, labels) in zip(Part, pairs, strict=True):
        _check(path, str(part), images, labels, pairs[0][0].shape[1], n_classes)
    training, validation, test = (LabelledSamples(*pair, n_classes) for pair in pairs)
    return Dataset(training, validation, test, _image_size(found[0][0]))


def find_dataset(path: Path) -> Path:
    """Return the path, or for the default folder, where the current one has none, the project's own copy.

    Raises DataError if there is nothing.
    """
    if path == DEFAULT_DATA and not path.is_dir():
        here = Path(__file__).parents[1]
        for copy in (here / "mnist", here.parent / DEFAULT_DATA):
            if copy.is_dir():
                return copy
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"{path} cannot be read: {reason}; give {WANTED}") from None
    if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
        raise DataError(f"{path} is neither a folder nor a file; give {WANTED}")
    return path


def _image_size(images: Array) -> tuple[int, int] | None:
    """Return height and width of images. Where nobody has told them, a square number of inputs is a square."""
    if images.ndim == 3:
        return int(images.shape[1]), int(images.shape[2])
    side = math.isqrt(images.shape[1])
    return (side, side) if side * side == images.shape[1] else None


def _check(path: Path, name: str, images: Array, labels: Array, n_inputs: int, n_classes: int) -> None:
    if images.shape[1] != n_inputs:
        raise DataError(f"{path}: {name} images have {images.shape[1]} inputs, training images {n_inputs}")
    if len(labels) == 0:
        return
    if labels.min() < 0 or n_classes > _MOST_CLASSES:
        raise DataError(f"{path}: {name} labels run from {labels.min()} to {labels.max()}; they should count from 0")
    if labels.max() >= n_classes:
        raise DataError(f"{path}: {name} labels go up to {labels.max()}, training labels to {n_classes - 1}")
    if images.dtype.kind == "f" and not np.isfinite(images).all():
        raise DataError(f"{path}: {name} images contain values that are not finite")
