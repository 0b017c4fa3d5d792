"""Archives take memory for what is in them, not for what they say; files are read only if they are some."""

import io
import os
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from coordinator.runs.model_file import load_model
from shared.archive import read_arrays
from shared.errors import ModelError
from shared.regular_files import read_regular


def content(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def refused(archive: bytes, why: str) -> None:
    """It is refused, and costs no memory."""
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=why):
            read_arrays(io.BytesIO(archive))
        assert tracemalloc.get_traced_memory()[1] < 10 * len(archive) + 2**21
    finally:
        tracemalloc.stop()


def test_arrays_come_back():
    arrays = {"x": np.arange(6.0).reshape(2, 3), "y": np.arange(3, dtype=np.uint8)}
    found = read_arrays(io.BytesIO(content(**arrays)))
    assert {name: array.tolist() for name, array in found.items()} == {n: a.tolist() for n, a in arrays.items()}


def test_what_is_compressed_is_refused():
    file = io.BytesIO()
    np.savez_compressed(file, W_1=np.zeros((4096, 4096)))
    assert len(file.getvalue()) < 2**18
    refused(file.getvalue(), "'W_1.npy' in it is compressed; write it with numpy.savez")


def test_entries_that_share_their_bytes_are_refused():
    one = content(x=np.zeros(2**16))
    with zipfile.ZipFile(io.BytesIO(one)) as archive:
        start = archive.start_dir
    entry, end = one[start:-22], one[-22:]
    count = 1000
    many = one[:start] + entry * count + end[:8] + struct.pack("<HHI", count, count, count * len(entry)) + end[16:]
    refused(many, "it says that it holds more than its size")


def test_a_list_of_very_many_entries_is_refused():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(5000):
            archive.writestr(str(number), b"")
    refused(file.getvalue(), "it lists 5000 arrays")


def test_a_shape_that_is_larger_than_what_follows_is_refused():
    array, file = io.BytesIO(), io.BytesIO()
    np.lib.format.write_array_header_1_0(array, {"descr": "<f8", "fortran_order": False, "shape": (10**8,)})
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x.npy", array.getvalue() + bytes(80))
    with pytest.raises(ValueError, match="EOF: reading array data"):
        read_arrays(file)


def links_and_pipes(tmp_path: Path) -> list[Path]:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/zero")
    return [tmp_path / "pipe", tmp_path / "link", Path("/dev/zero")]


def test_a_model_is_not_waited_for_nor_read_without_end(tmp_path):
    for path in links_and_pipes(tmp_path):
        with pytest.raises(ModelError, match=r"cannot be read: it is no regular file; give the model\.npz of a run"):
            load_model(path)
    with pytest.raises(ModelError, match="Is a directory"):
        load_model(tmp_path)


def test_a_file_of_more_bytes_than_are_worth_reading_is_refused(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_regular(path, 5) == b"12345"
    with pytest.raises(OSError, match="it has 5 bytes, more than the 4 that are read"):
        read_regular(path, 4)
