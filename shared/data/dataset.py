"""A data set: training, validation and test samples, from a folder of IDX files or the seed's pickle."""

import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.data.idx import read_idx
from shared.data.notebook_pickle import read_seed_pickle
from shared.data.samples import LabelledSamples
from shared.errors import DataError

Array = NDArray[Any]

DEFAULT_DATA = Path("data/mnist")
_MOST_CLASSES = 10_000  # a label above this is a damaged file, not a class


@dataclass(frozen=True)
class Dataset:
    """Samples to learn from, to choose options by, and to test on."""

    training: LabelledSamples
    validation: LabelledSamples
    test: LabelledSamples


def load_dataset(path: Path) -> Dataset:
    """Read a folder of four IDX files, or a file in the format of `mnist.pkl.gz`.

    The number of classes is the highest training label plus one. Raises DataError.
    """
    path = find_dataset(path)
    try:
        pairs = _read_folder(path) if path.is_dir() else read_seed_pickle(path)
    except MemoryError:
        raise DataError(f"{path} does not fit into memory; give a smaller data set") from None
    if len(pairs[0][1]) == 0 or len(pairs[2][1]) == 0:
        raise DataError(f"{path} has no training or no test samples")
    n_classes = int(pairs[0][1].max()) + 1
    for name, (images, labels) in zip(("training", "validation", "test"), pairs, strict=True):
        _check(path, name, images, labels, pairs[0][0].shape[1], n_classes)
    return Dataset(*(LabelledSamples(images, labels, n_classes) for images, labels in pairs))


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
        raise DataError(
            f"--data {path} cannot be read: {reason}; give a folder of IDX files or a mnist.pkl.gz"
        ) from None
    if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
        raise DataError(f"--data {path} is neither a folder nor a file; give a folder of IDX files or a mnist.pkl.gz")
    return path


def _read_folder(folder: Path) -> Sequence[tuple[Array, Array]]:
    (images, labels), test = (
        _read_images_and_labels(folder, "train"),
        _read_images_and_labels(folder, "t10k"),
    )
    # The seed's split of MNIST, 50,000 to 10,000, in proportion: the last sixth is for validation.
    n_training = len(labels) - len(labels) // 6
    training = (images[:n_training], labels[:n_training])
    return training, (images[n_training:], labels[n_training:]), test


def _read_images_and_labels(folder: Path, part: str) -> tuple[Array, Array]:
    images_path = _file(folder, f"{part}-images", "idx3-ubyte")
    labels_path = _file(folder, f"{part}-labels", "idx1-ubyte")
    images = read_idx(images_path, dimensions=3)
    labels = read_idx(labels_path, dimensions=1)
    if len(images) != len(labels):
        raise DataError(
            f"{images_path.name} has {len(images)} images but {labels_path.name} has {len(labels)} labels; "
            "they do not belong together"
        )
    return images.reshape(len(images), -1), labels.astype(np.int64)


def _file(folder: Path, stem: str, ending: str) -> Path:
    for separator in "-.":
        for compression in (".gz", ""):
            path = folder / f"{stem}{separator}{ending}{compression}"
            if path.is_file():
                return path
    raise DataError(f"{folder} has no {stem}-{ending}.gz; give --data a folder with the four IDX files of a data set")


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
