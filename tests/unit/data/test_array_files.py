"""Arrays in files: what their names say, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from shared.data.dataset import load_dataset
from shared.data.in_memory import dataset_of
from shared.data.options import DataOptions
from shared.errors import DataError

X, Y = np.arange(60, dtype=np.uint8).reshape(20, 3), np.arange(20) % 2


@pytest.mark.parametrize("names", [("x", "y"), ("X", "Y"), ("images", "labels"), ("data", "target")])
def test_samples_without_parts_are_divided_by_the_seed(tmp_path, names):
    np.savez(tmp_path / "a.npz", **dict(zip(names, (X, Y), strict=True)))
    data = load_dataset(tmp_path / "a.npz", seed=5)
    same = dataset_of(X, Y, test=0.2, validation=0.1, seed=5)
    assert [len(part) for part in (data.training, data.validation, data.test)] == [14, 2, 4]
    assert data.training.sha256 == same.training.sha256


@pytest.mark.parametrize(
    "names", [("x_train", "y_train", "x_test", "y_test"), ("train_x", "train_y", "test_x", "test_y")]
)
def test_names_may_tell_the_parts(tmp_path, names):
    np.savez_compressed(tmp_path / "a.npz", **dict(zip(names, (X, Y, X[:5], Y[:5]), strict=True)))
    data = load_dataset(tmp_path / "a.npz", DataOptions(validation=0.25))
    assert [len(part) for part in (data.training, data.validation, data.test)] == [15, 5, 5]
    np.testing.assert_array_equal(data.test.values, X[:5])


def test_an_array_has_its_labels_in_a_column_or_in_a_file(tmp_path):
    table = np.column_stack([X / 7, Y])
    np.save(tmp_path / "table.npy", table)
    np.save(tmp_path / "x.npy", X / 7)
    np.save(tmp_path / "y.npy", Y)
    one = load_dataset(tmp_path / "table.npy", DataOptions(target=("3",)))
    other = load_dataset(tmp_path / "x.npy", DataOptions(target=(str(tmp_path / "y.npy"),)))
    assert one.training.sha256 == other.training.sha256
    assert one.encoding.classes == (0, 1)


def test_a_folder_of_arrays_stays_on_the_disk(tmp_path):
    for name, array in (("x_train", X), ("y_train", Y), ("x_test", X), ("y_test", Y), ("x_val", X), ("y_val", Y)):
        np.save(tmp_path / f"{name}.npy", array)
    data = load_dataset(tmp_path)
    assert isinstance(data.training.values.base, np.memmap) or isinstance(data.training.values, np.memmap)
    np.testing.assert_array_equal(data.training.values, X)


@pytest.mark.parametrize(
    ("arrays", "options", "message"),
    [
        ({}, {}, "has nothing, and no training samples; give x and y, or x_train"),
        ({"x": X}, {}, "has x, half of the training samples"),
        ({"x": X, "y": Y, "z": Y}, {}, "has an array z, which says nothing"),
        ({"x": X, "y": Y, "images": X}, {}, "has an array images, which says nothing"),
        ({"x": X, "y": Y[:3]}, {}, "20 samples but 3 labels"),
        ({"x": X, "y": np.array([None] * 20, object)}, {}, "holds Python's objects"),
        ({"x": X, "y": Y}, {"target": ("a",)}, "leave --target out"),
        ({"x": X, "y": Y, "x_test": X, "y_test": Y}, {"test": 0.5}, "has test samples of its own; leave --test out"),
        ({"x": X, "y": Y, "encoding": np.zeros(3, np.uint8)}, {}, "its encoding is damaged"),
        ({"x": X, "y": Y, "encoding": np.frombuffer(b"{}", np.uint8)}, {"scale": "none"}, "leave --scale out"),
    ],
)
def test_what_is_no_data_set_is_refused(tmp_path, arrays, options, message):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(DataError, match=r"a\.npz") as refused:
        load_dataset(tmp_path / "a.npz", DataOptions(**options))
    assert message in str(refused.value)


def test_a_damaged_file_is_refused(tmp_path):
    for name in ("a.npz", "a.npy"):
        (tmp_path / name).write_bytes(b"PK\3\4 and no more")
        with pytest.raises(DataError, match=f"{name} is not an .np[yz] that can be read"):
            load_dataset(tmp_path / name, DataOptions(target=("0",) if name == "a.npy" else ()))


def test_an_encoding_that_is_there_is_taken_and_nothing_done_again(tmp_path):
    data = dataset_of(X / 7, np.array(["no", "yes"])[Y], test=0.3, seed=2)
    parts = {"x_train": data.training.values, "y_train": data.training.labels}
    parts |= {"x_test": data.test.values, "y_test": data.test.labels}
    text = json.dumps(data.encoding.to_json()).encode()
    np.savez(tmp_path / "a.npz", **parts, encoding=np.frombuffer(text, np.uint8))
    again = load_dataset(tmp_path / "a.npz")
    assert (again.encoding, again.training.sha256) == (data.encoding, data.training.sha256)
    assert len(again.validation) == 0


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.float64(3), Y, "the inputs of training samples have shape (); give a row for each sample"),
        (np.empty((20, 0)), Y, "have shape (20, 0)"),
        (X, Y + 1j, "labels of type complex128; give numbers or texts"),
        (X, np.full(20, "2024-01-01", "M8[D]"), "labels of type datetime64[D]"),
        (X, np.zeros(20, int), "samples of one class alone, and there is nothing to learn"),
    ],
)
def test_arrays_that_are_no_samples_are_refused(tmp_path, x, y, message):
    np.savez(tmp_path / "a.npz", x=x, y=y)
    with pytest.raises(DataError) as refused:
        load_dataset(tmp_path / "a.npz")
    assert message in str(refused.value)


def test_labels_of_bytes_are_texts(tmp_path):
    np.savez(tmp_path / "a.npz", x=X, y=np.array([b"no", "ß".encode()])[Y])
    assert load_dataset(tmp_path / "a.npz").encoding.classes == ("no", "ß")


def test_images_in_colours_are_numbers_of_no_image(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros((20, 4, 4, 3), np.uint8), y=Y)
    data = load_dataset(tmp_path / "a.npz")
    assert (data.training.n_inputs, data.image_size) == (48, None)


def test_whole_numbers_keep_their_type(tmp_path):
    ids = 2**53 + Y
    np.save(tmp_path / "a.npy", np.column_stack([X, ids]))
    assert load_dataset(tmp_path / "a.npy", DataOptions(target=("3",))).encoding.classes == (2**53, 2**53 + 1)
    np.save(tmp_path / "a.npy", np.column_stack([X, Y * 1e300]))
    assert load_dataset(tmp_path / "a.npy", DataOptions(target=("3",))).encoding.classes == (0.0, 1e300)


def test_columns_can_be_left_out_beside_a_file_of_labels(tmp_path):
    np.save(tmp_path / "x.npy", X / 7)
    np.save(tmp_path / "y.npy", Y)
    data = load_dataset(tmp_path / "x.npy", DataOptions(target=(str(tmp_path / "y.npy"),), ignore=("1",)))
    assert data.encoding.input_names == ["0", "2"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"image_size": (2, 2)},
            "is an .npz of x and y, for which --image-size has no meaning; leave --image-size out",
        ),
        ({"test": Path("other.npz")}, "for which --test is a share"),
    ],
)
def test_options_that_would_do_nothing_are_refused(tmp_path, options, message):
    np.savez(tmp_path / "a.npz", x=X, y=Y)
    with pytest.raises(DataError) as refused:
        load_dataset(tmp_path / "a.npz", DataOptions(**options))
    assert message in str(refused.value)
