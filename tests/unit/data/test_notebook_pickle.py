"""The notebook's pickle, read without running it."""

import gzip
import pickle
import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.data.dataset import load_dataset
from shared.errors import DataError


def seed_content() -> tuple:
    rng = np.random.default_rng(0)
    return tuple((rng.random((n, 6), np.float32), np.arange(n) % 3) for n in (9, 3, 4))


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8"])
def test_the_seeds_pickle_is_read_whatever_its_protocol(tmp_path, protocol, dtype):
    content = tuple((images.astype(dtype), labels) for images, labels in seed_content())
    path = tmp_path / "mnist.pkl.gz"
    path.write_bytes(gzip.compress(pickle.dumps(content, protocol)))
    data = load_dataset(path)
    for part, (images, labels) in zip((data.training, data.validation, data.test), content, strict=True):
        np.testing.assert_array_equal(part.images, images)
        np.testing.assert_array_equal(part.labels, labels)


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_may_have_no_validation_samples(tmp_path, protocol):
    training, (images, labels), test = seed_content()
    path = tmp_path / "mnist.pkl.gz"
    path.write_bytes(gzip.compress(pickle.dumps((training, (images[:0], labels[:0]), test), protocol)))
    data = load_dataset(path)
    assert [len(data.training), len(data.validation), len(data.test)] == [len(training[1]), 0, len(test[1])]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (
            lambda images, labels: (images.astype(np.uint8), labels),
            r"images are uint8 \(\d+, 6\); .* floats from 0 to 1",
        ),
        (
            lambda images, labels: (images.reshape(-1, 2, 3), labels),
            r"images are float32 \(\d+, 2, 3\); .* a row for each",
        ),
        (lambda images, labels: (images, labels.astype(float)), r"labels are float64 \(\d+,\); .* integers"),
        (lambda images, labels: (images, labels[1:]), r"\d+ images and \d+ labels do not belong together"),
    ],
)
def test_a_pickle_of_other_arrays_is_refused_by_what_is_wrong(tmp_path, change, named):
    path = tmp_path / "mnist.pkl.gz"
    path.write_bytes(gzip.compress(pickle.dumps([change(*pair) for pair in seed_content()], 2)))
    with pytest.raises(DataError, match=named):
        load_dataset(path)


def test_fortran_order_survives(tmp_path):
    images, labels = seed_content()[0]
    path = tmp_path / "mnist.pkl.gz"
    path.write_bytes(gzip.compress(pickle.dumps([(np.asfortranarray(images), labels)] * 3, 2)))
    np.testing.assert_array_equal(load_dataset(path).training.images, images)


@pytest.mark.parametrize("keep", [0, 1, 10, 200])
def test_a_truncated_pickle_is_refused(tmp_path, keep):
    path = tmp_path / "mnist.pkl.gz"
    path.write_bytes(gzip.compress(pickle.dumps(seed_content()))[:keep])
    with pytest.raises(DataError):
        load_dataset(path)


IMAGES, LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(position=st.integers(0, 10**6), value=st.integers(0, 255), data=st.sampled_from(["pickle", "idx"]))
def test_a_mutated_file_is_read_or_refused_and_never_more(small_data, tmp_path, position, value, data):
    if data == "pickle":
        path = tmp_path / "mnist.pkl.gz"
        content = bytearray(pickle.dumps(seed_content(), position % 6))
    else:
        path = tmp_path / "mutated"
        shutil.copytree(small_data, path, dirs_exist_ok=True)
        content = bytearray(gzip.decompress((small_data / LABELS).read_bytes()))
    content[position % len(content)] = value
    (path if data == "pickle" else path / LABELS).write_bytes(gzip.compress(bytes(content), 1))
    try:
        load_dataset(path)
    except DataError:
        pass
