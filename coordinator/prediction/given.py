"""What is given to be answered: a table, an array, pictures. A new kind is a function here and a line in `given`."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from coordinator.prediction.pictures import files_of, read_picture
from shared.data.idx import read_idx
from shared.data.numpy_files import map_npy, read_npz
from shared.data.pictures import ENDINGS
from shared.data.table_files import READERS, read_table
from shared.data.tables import Table
from shared.errors import DataError
from shared.model import SavedModel
from shared.nn.evaluation import CHUNK
from shared.types import Array

_BYTES = 2**20  # of inputs in a batch, about
_MOST_ROWS = 64 * CHUNK  # of a batch


@dataclass(frozen=True)
class Given:
    """Samples to be answered.

    samples: a Table, or an array, a sample a row.  names: of the files, if each sample is one.
    """

    samples: Any
    names: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.samples)

    def batches(self, model: SavedModel) -> Iterator[Array]:
        """Yield the inputs that they are for a model, in batches of whole chunks.

        Raises DataError for samples that do not fit.
        """
        row_bytes = model.parameters.sizes[0] * 8
        size = CHUNK * max(1, min(_BYTES // (row_bytes * CHUNK), _MOST_ROWS // CHUNK))
        for start in range(0, len(self), size):
            rows = np.arange(start, min(start + size, len(self)))
            is_table = isinstance(self.samples, Table)
            some = self.samples.rows(rows) if is_table else self.samples[start : start + size]
            try:
                yield model.inputs(some)
            except DataError as error:
                if is_table or start == 0:
                    raise
                raise DataError(f"from row {start} on: {error}") from None


@dataclass(frozen=True)
class Fit:
    """What becomes of pictures; None: as it seems right.  See `read_picture`."""

    how: str | None = None
    is_dark: bool | None = None


def given(path: Path, model: SavedModel, fit: Fit) -> Given:
    """Return what there is at a path, by the ending of its name.  Raises DataError."""
    if not path.exists():
        raise DataError(f"{path} cannot be read: there is no such file; give a table, an array, a picture or a folder")
    endings = {ending.lower() for ending in path.suffixes}
    if path.is_dir() or endings & ENDINGS:
        return _pictures(path, model, fit)
    if path.suffix.lower() in (".npy", ".npz"):
        return Given(_array(path))
    if "idx3-ubyte" in path.name:
        return Given(read_idx(path, 3))
    if endings & READERS.keys():
        return Given(read_table(path))
    known = ", ".join([*READERS, ".npy", ".npz", *sorted(ENDINGS)])
    raise DataError(f"{path} has none of the endings {known}; give one of these, or a folder of pictures")


def _pictures(path: Path, model: SavedModel, fit: Fit) -> Given:
    size = image_size(model)
    if size is None:
        raise DataError(f"{path} is of pictures, and the model knows samples of {model.parameters.sizes[0]} numbers")
    # A model that has learned from pictures has seen them whole; one of MNIST has seen digits, cut out and centred.
    is_of_pictures = model.encoding.image_size is not None
    how = fit.how or ("whole" if is_of_pictures else "digit")
    files = files_of(path)
    images = np.stack([read_picture(file, size, how, fit.is_dark) for file in files])
    return Given(images, [str(file) for file in files])


def image_size(model: SavedModel) -> tuple[int, int] | None:
    """Return height and width of the images that a model knows, a square if nobody said; None if it knows none."""
    encoding = model.encoding
    if encoding.columns or encoding.image_size:
        return encoding.image_size
    side = math.isqrt(model.parameters.sizes[0])
    return (side, side) if side * side == model.parameters.sizes[0] else None


def _rows(found: Array, path: Path) -> Array:
    if found.ndim < 2:
        raise DataError(f"{path} holds an array of shape {found.shape}; give a row for each sample")
    return found


def _array(path: Path) -> Array:
    """Return the array of an .npy, which stays on the disk, or the only one of an .npz, or the one named x."""
    if path.suffix.lower() == ".npy":
        return _rows(map_npy(path), path)
    arrays = read_npz(path)
    names = [name for name in arrays if len(arrays) == 1 or name.lower() == "x"]
    if len(names) != 1:
        raise DataError(f"{path} holds {', '.join([*arrays][:8]) or 'nothing'}; give one array, or name it x")
    return _rows(arrays[names[0]], path)
