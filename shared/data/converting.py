"""Writing a data set as arrays that GradMQ reads as they are: divided, encoded, with what they were encoded by."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from shared.data.array_files import ENCODING, name_of
from shared.data.dataset import Dataset
from shared.data.parts import Part
from shared.data.samples import LabelledSamples
from shared.errors import DataError
from shared.types import Array


def write_npz(path: Path, data: Dataset) -> None:
    """Write an .npz; the file is there whole, or not at all.  Raises OSError."""
    arrays: dict[str, Any] = {**dict(_arrays(data)), ENCODING: np.frombuffer(_encoding(data).encode(), np.uint8)}
    temporary = path.with_name(f".{path.name}.part")
    try:
        with temporary.open("wb") as file:
            np.savez_compressed(file, **arrays)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_folder(path: Path, data: Dataset) -> None:
    """Write a folder of .npy files, from which rows can be read where they lie; it is there whole, or not at all.

    Raises DataError if there is something at that path, and OSError.
    """
    if path.exists():
        raise DataError(f"{path} is there already; give another folder, or remove it")
    temporary = path.with_name(f".{path.name}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        temporary.mkdir(parents=True)
        for name, array in _arrays(data):
            np.save(temporary / f"{name}.npy", array)
        (temporary / f"{ENCODING}.json").write_text(_encoding(data))
        temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _arrays(data: Dataset) -> Iterator[tuple[str, Array]]:
    """Yield the arrays of the parts that have samples, by their names."""
    for part in Part:
        samples = data.part(part)
        if not len(samples):
            continue
        values = samples.values
        if data.image_size is not None:
            values = values.reshape(len(samples), *data.image_size)
        yield name_of(part, is_wanted=False), values
        yield name_of(part, is_wanted=True), samples.labels if isinstance(samples, LabelledSamples) else samples.targets


def _encoding(data: Dataset) -> str:
    return json.dumps({} if data.encoding is None else data.encoding.to_json())
