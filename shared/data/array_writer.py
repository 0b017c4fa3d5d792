"""Writing a data set as arrays that GradMQ reads as they are: divided, encoded, with what they were encoded by."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.lib import format as npy

from shared.data.array_files import ENCODING, name_of
from shared.data.blocks import blocks, bounds
from shared.data.dataset import Dataset, find_samples
from shared.data.dividing import Divided, divide
from shared.data.encoding import Encoding
from shared.data.options import DataOptions
from shared.data.parts import Part
from shared.data.samples import LabelledSamples
from shared.errors import DataError
from shared.types import Array


class _Piece(NamedTuple):
    """An array to be written, a block of rows at a time."""

    name: str
    n_rows: int
    blocks: Iterator[Array]  # one at least


def write_npz(path: Path, data: Dataset) -> None:
    """Write an .npz; the file is there whole, or not at all.  Raises OSError."""
    arrays: dict[str, Any] = {piece.name: np.concatenate([*piece.blocks]) for piece in _of_dataset(data)}
    arrays[ENCODING] = np.frombuffer(_text(data.encoding).encode(), np.uint8)
    temporary = path.with_name(f".{path.name}.part")
    try:
        with temporary.open("wb") as file:
            np.savez_compressed(file, **arrays)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_folder(path: Path, source: Path, options: DataOptions, seed: int) -> None:
    """Write the data set at another path as a folder of .npy files, in whose place rows can be read.

    Arrays on the disk are never in memory as a whole, but for a column of theirs while its mean is taken. The folder is
    there whole, or not at all.  Raises DataError if there is something at that path already, and OSError.
    """
    if path.exists():
        raise DataError(f"{path} is there already; give another folder, or remove it")
    found = find_samples(source, options)
    if found.is_encoded:
        data = Dataset.of(found, options)
        pieces, encoding = _of_dataset(data), data.encoding
    else:
        divided = divide(found, options, seed)
        pieces, encoding = _of_divided(divided), divided.encoding
    temporary = path.with_name(f".{path.name}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        temporary.mkdir(parents=True)
        for piece in pieces:
            _write(temporary / f"{piece.name}.npy", piece)
        (temporary / f"{ENCODING}.json").write_text(_text(encoding))
        temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write(path: Path, piece: _Piece) -> None:
    with path.open("wb") as file:
        first = next(piece.blocks)
        shape = (piece.n_rows, *first.shape[1:])
        npy.write_array_header_1_0(
            file, {"descr": npy.dtype_to_descr(first.dtype), "fortran_order": False, "shape": shape}
        )
        file.write(np.ascontiguousarray(first).data)
        for block in piece.blocks:
            file.write(np.ascontiguousarray(block).data)


def _of_dataset(data: Dataset) -> Iterator[_Piece]:
    for part in Part:
        samples = data.part(part)
        if len(samples):
            wanted = samples.labels if isinstance(samples, LabelledSamples) else samples.targets
            values = (_shaped(block, data.image_size) for block in blocks(samples.values))
            yield _Piece(name_of(part, is_wanted=False), len(samples), values)
            yield _Piece(name_of(part, is_wanted=True), len(samples), iter([wanted]))


def _of_divided(divided: Divided) -> Iterator[_Piece]:
    for part, samples in divided.parts.items():
        if not len(samples):
            continue
        row_size = samples.encoded(divided.encoding, 0, 1).nbytes
        values = (
            _shaped(samples.encoded(divided.encoding, start, stop), divided.image_size)
            for start, stop in bounds(len(samples), row_size)
        )
        yield _Piece(name_of(part, is_wanted=False), len(samples), values)
        yield _Piece(
            name_of(part, is_wanted=True), len(samples), iter([samples.labels(divided.encoding, divided.n_classes)])
        )


def _shaped(values: Array, image_size: tuple[int, int] | None) -> Array:
    """Return samples as images, if they are."""
    return values if image_size is None else values.reshape(len(values), *image_size)


def _text(encoding: Encoding) -> str:
    return json.dumps(encoding.to_json())
