"""IDX files that are wrong."""

import gzip
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest

from shared.data.dataset import load_dataset
from shared.data.idx import read_idx
from shared.errors import DataError
from tests.support.mnist import write_idx
from tests.support.mutate import COUNT, is_one_line, mutations


def copy(data: Path, to: Path) -> Path:
    return Path(shutil.copytree(data, to / "copy"))


IMAGES, LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"


def idx(*dimensions: int, kind: int = 8, content: bytes = b"") -> bytes:
    return bytes([0, 0, kind, len(dimensions)]) + struct.pack(f">{len(dimensions)}I", *dimensions) + content


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not an IDX file"),
        (b"PK\3\4 a zip", "not an IDX file"),
        (idx(2, 2, 2, content=bytes(7)), "truncated: 7 of 8"),
        (idx(2, 2)[:9], "swapped"),
        (idx(2, 2, 2)[:9], "header ends early"),
        (idx(2, 2, 2, content=bytes(9)), "too long"),
        (idx(2, 2, 2, kind=0x0D, content=bytes(32)), "type 0x0d"),
        (idx(8, content=bytes(8)), "swapped"),
        (idx(2**32 - 1, 2**32 - 1, 2**32 - 1), "can be read"),
        (idx(2**18, 64, 64), "truncated: 0 of"),
        (idx(0, 28, 28), "can be read"),
        (idx(3, 14, 14, content=bytes(588)), "3 images but"),
    ],
)
def test_a_wrong_idx_file_is_refused_by_name(small_data, tmp_path, content, message):
    folder = copy(small_data, tmp_path)
    (folder / IMAGES).write_bytes(gzip.compress(content))
    with pytest.raises(DataError, match=message) as error:
        load_dataset(folder)
    assert IMAGES in str(error.value)


def test_a_damaged_gzip_file_is_refused(small_data, tmp_path):
    folder = copy(small_data, tmp_path)
    content = bytearray((folder / IMAGES).read_bytes())
    content[len(content) // 2] ^= 0xFF
    (folder / IMAGES).write_bytes(content)
    with pytest.raises(DataError, match="cannot be read"):
        load_dataset(folder)


@pytest.mark.parametrize("inside", [True, False])
def test_a_damaged_idx_file_is_refused_or_an_array(tmp_path, dice, inside):
    path = tmp_path / "images.gz"
    write_idx(path, np.arange(60).reshape(5, 4, 3))
    whole = gzip.decompress(path.read_bytes()) if inside else path.read_bytes()
    refused = 0
    for content in mutations(whole, dice):
        path.write_bytes(gzip.compress(content, 1) if inside else content)
        try:
            array = read_idx(path, 3)
            assert array.dtype == np.uint8
            assert array.ndim == 3
        except DataError as error:
            refused += is_one_line(error)
    assert refused > COUNT / 4
