"""Data sets that are right, and the ways for their files not to belong together."""

import gzip
import hashlib
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest

from shared.data.dataset import DEFAULT_DATA, load_dataset
from shared.data.found import Found
from shared.data.sources import SOURCES
from shared.errors import DataError
from shared.nn.inputs import InputFormat
from tests.support.mnist import MNIST, write_idx


def test_the_projects_mnist_is_the_original():
    sums = dict(reversed(line.split()) for line in (MNIST / "SHA256SUMS.uncompressed").read_text().splitlines())
    assert len(sums) == 4
    for name, expected in sums.items():
        assert hashlib.sha256(gzip.decompress((MNIST / f"{name}.gz").read_bytes())).hexdigest() == expected


def test_mnist_is_split_as_in_the_seed():
    data = load_dataset(MNIST)
    assert [len(part) for part in (data.training, data.validation, data.test)] == [50_000, 10_000, 10_000]
    assert (data.training.n_inputs, data.training.n_classes) == (784, 10)
    assert data.training.labels[:5].tolist() == [5, 0, 4, 1, 9]
    rows, form = np.array([0, 1]), InputFormat(np.dtype(np.float32))
    x, (y, labels) = data.training.inputs(rows, form), data.training.wanted(rows, form)
    assert labels.tolist() == [5, 0]
    assert (x.shape, y.shape, x.dtype) == ((784, 2), (10, 2), np.float32)
    assert (x.min(), x.max()) == (0, 1)
    assert y.argmax(axis=0).tolist() == [5, 0]


def test_the_default_is_found_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(load_dataset(DEFAULT_DATA).test) == 10_000


def test_images_keep_their_size():
    assert load_dataset(MNIST).image_size == (28, 28)


@pytest.mark.parametrize(("shape", "expected"), [((3, 5), (3, 5)), ((25,), (5, 5)), ((26,), None), ((1,), (1, 1))])
def test_a_size_that_is_not_told_is_that_of_a_square(tmp_path, monkeypatch, shape, expected):
    class Told:
        what = "what a test says"

        def recognises(self, path):
            return True

        def read(self, path, options):
            return Found(*[(np.zeros((4, *shape), np.uint8), np.arange(4))] * 3, is_encoded=True)

    monkeypatch.setitem(SOURCES, "idx", Told())
    data = load_dataset(tmp_path)
    assert (data.image_size, data.training.images.shape) == (expected, (4, np.prod(shape)))


def test_other_idx_files_bring_their_own_shape_and_classes(tmp_path):
    for part, count in (("train", 12), ("t10k", 4)):
        write_idx(tmp_path / f"{part}-images-idx3-ubyte.gz", np.full((count, 2, 3), 255))
        (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(
            struct.pack(">HBBI", 0, 8, 1, count) + bytes(k % 4 for k in range(count))
        )
    data = load_dataset(tmp_path)
    assert (data.training.n_inputs, data.training.n_classes) == (6, 4)
    assert [len(part) for part in (data.training, data.validation, data.test)] == [10, 2, 4]


def copy(data: Path, to: Path) -> Path:
    return Path(shutil.copytree(data, to / "copy"))


IMAGES, LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"


def test_swapped_files_are_refused(small_data, tmp_path):
    folder = copy(small_data, tmp_path)
    (folder / IMAGES).rename(folder / "x")
    (folder / LABELS).rename(folder / IMAGES)
    (folder / "x").rename(folder / LABELS)
    with pytest.raises(DataError, match="swapped"):
        load_dataset(folder)


def test_a_missing_file_is_named(small_data, tmp_path):
    folder = copy(small_data, tmp_path)
    (folder / LABELS).unlink()
    with pytest.raises(DataError, match="train-labels-idx1-ubyte"):
        load_dataset(folder)


def test_test_labels_must_be_known_from_training(small_data, tmp_path):
    folder = copy(small_data, tmp_path)
    write_idx(folder / "t10k-labels-idx1-ubyte.gz", np.full(200, 10))
    with pytest.raises(DataError, match="test labels go up to 10"):
        load_dataset(folder)
