"""Data sets that are right, and every way we know for them to be wrong."""

import gzip
import hashlib
import os
import pickle
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared import load_data, load_data_wrapper
from shared.data.dataset import DEFAULT_DATA, load_dataset
from shared.errors import DataError
from tests.conftest import MNIST, write_idx


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
    x, y = data.training.columns(np.array([0, 1]), np.float32)
    assert (x.shape, y.shape, x.dtype) == ((784, 2), (10, 2), np.float32)
    assert (x.min(), x.max()) == (0, 1)
    assert y.argmax(axis=0).tolist() == [5, 0]


def test_the_seeds_loader_gives_the_seeds_shapes(small_data):
    training, validation, test = load_data_wrapper(small_data)
    x, y = next(training)
    assert (x.shape, y.shape, y[5, 0]) == ((196, 1), (10, 1), 1.0)
    assert next(validation)[0].shape == (196, 1)
    assert int(next(test)[1]) == 7
    images, labels = load_data(small_data)[0]
    assert (images.shape, images.dtype, labels.shape) == ((1000, 196), np.float32, (1000,))


def test_the_default_is_found_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(load_dataset(DEFAULT_DATA).test) == 10_000


def test_other_idx_files_bring_their_own_shape_and_classes(tmp_path):
    for part, count in (("train", 12), ("t10k", 4)):
        write_idx(tmp_path / f"{part}-images-idx3-ubyte.gz", np.full((count, 2, 3), 255))
        (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(
            struct.pack(">HBBI", 0, 8, 1, count) + bytes(k % 4 for k in range(count))
        )
    data = load_dataset(tmp_path)
    assert (data.training.n_inputs, data.training.n_classes) == (6, 4)
    assert [len(part) for part in (data.training, data.validation, data.test)] == [10, 2, 4]


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


class Evil:
    """What an ordinary unpickler would run."""

    def __reduce__(self):
        return os.system, ("touch executed",)


def hostile() -> dict[str, bytes]:
    arrays = seed_content()
    object_array = (np.array([[Evil()]], object), np.array([0]))
    global_eval = b'cbuiltins\neval\n(S\'open("executed", "w")\'\ntR.'
    return {
        "more than a pickle": pickle.dumps(arrays) + b"more",
        "a call": pickle.dumps(Evil()),
        "a call beside arrays": pickle.dumps((*arrays, Evil())),
        "a call inside an array": pickle.dumps((object_array, *arrays[1:])),
        "an attribute": pickle.dumps(np.load),
        "eval": global_eval,
        "numpy's own loader": b"cnumpy\nload\n(S'executed'\ntR.",
        "a lookup through an array": b"\x80\x04cnumpy.core.multiarray\n_reconstruct.__globals__\n.",
        "a huge memo": b"\x80\x02]r\xff\xff\xff\x7f.",
        "a huge string": b"\x80\x04\x8e" + struct.pack("<Q", 2**60) + b"x.",
        "bytes without end": b"\x80\x02c__builtin__\nbytes\n(I%d\ntR." % 2**40,
        "an endless program": b"\x80\x02" + b"N0" * 20_000 + b"N.",
        "tuples nested 2^60 times": b"\x80\x02cnumpy\ndtype\n)" + b"2\x86" * 60 + b"\x85R.",
        "a change of our own code": b"\x80\x02cnumpy\ndtype\nN}X\x05\x00\x00\x00_makeNs\x86b.",
        "a false shape": pickle.dumps(arrays, 2).replace(b"K\x09K\x06", b"K\x7fK\x06"),
        "nothing": b"",
        "no pickle": b"hello",
        "something else": pickle.dumps({"a": 1}),
        "two pairs": pickle.dumps(arrays[:2]),
        "labels and images swapped": pickle.dumps(tuple((labels, images) for images, labels in arrays)),
        "no finite values": pickle.dumps(tuple((images * np.nan, labels) for images, labels in arrays)),
        "negative labels": pickle.dumps(tuple((images, labels - 1) for images, labels in arrays)),
        "other widths": pickle.dumps((arrays[0], arrays[1], (arrays[2][0][:, :5], arrays[2][1]))),
    }


@pytest.mark.parametrize("what", hostile())
def test_a_hostile_or_foreign_pickle_is_refused_and_runs_nothing(tmp_path, monkeypatch, what):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mnist.pkl.gz"
    path.write_bytes(gzip.compress(hostile()[what]))
    with pytest.raises(DataError, match=r"mnist\.pkl\.gz"):
        load_dataset(path)
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("keep", [0, 1, 10, 200])
def test_a_truncated_pickle_is_refused(tmp_path, keep):
    path = tmp_path / "mnist.pkl.gz"
    path.write_bytes(gzip.compress(pickle.dumps(seed_content()))[:keep])
    with pytest.raises(DataError):
        load_dataset(path)


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


def test_swapped_files_are_refused(small_data, tmp_path):
    folder = copy(small_data, tmp_path)
    (folder / IMAGES).rename(folder / "x")
    (folder / LABELS).rename(folder / IMAGES)
    (folder / "x").rename(folder / LABELS)
    with pytest.raises(DataError, match="swapped"):
        load_dataset(folder)


def test_a_damaged_gzip_file_is_refused(small_data, tmp_path):
    folder = copy(small_data, tmp_path)
    content = bytearray((folder / IMAGES).read_bytes())
    content[len(content) // 2] ^= 0xFF
    (folder / IMAGES).write_bytes(content)
    with pytest.raises(DataError, match="cannot be read"):
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
