"""Data sets of what is in memory."""

from dataclasses import replace

import numpy as np
import pandas
import pyarrow
import pytest

from shared.data.dataset import load_dataset
from shared.data.encoding import IDENTITY, Target
from shared.data.in_memory import dataset_of
from shared.data.samples import VectorSamples
from shared.errors import DataError
from tests.support.mnist import MNIST

_rng = np.random.default_rng(0)
X, NAMES = _rng.normal(size=(60, 4)), np.array(["a", "b", "c"]).repeat(20)


def test_the_same_images_have_the_same_digests_as_in_files():
    mnist = load_dataset(MNIST)
    images = mnist.training.values.reshape(-1, 28, 28)
    data = dataset_of(
        images,
        mnist.training.labels.astype(np.int32),
        validation=(mnist.validation.values, mnist.validation.labels),
        test=(mnist.test.values, mnist.test.labels.tolist()),
    )
    assert [part.sha256 for part in (data.training, data.validation, data.test)] == [
        part.sha256 for part in (mnist.training, mnist.validation, mnist.test)
    ]
    assert (data.image_size, data.encoding) == ((28, 28), IDENTITY)


def test_classes_have_any_names_and_each_part_its_share_of_each():
    data = dataset_of(X, NAMES, validation=0.1, test=0.2, seed=3)
    assert [len(part) for part in (data.training, data.validation, data.test)] == [42, 6, 12]
    assert [np.bincount(part.labels).tolist() for part in (data.training, data.validation, data.test)] == [
        *([14] * 3, [2] * 3, [4] * 3)
    ]
    assert data.encoding.classes == ("a", "b", "c")
    assert dataset_of(X, NAMES, validation=0.1, test=0.2, seed=3).training.sha256 == data.training.sha256
    assert dataset_of(X, NAMES, validation=0.1, test=0.2, seed=4).training.sha256 != data.training.sha256


def test_means_are_those_of_the_training_samples():
    data = dataset_of(X, NAMES, test=(X + 100, NAMES))
    assert (data.training.values.mean(0) * 8).tolist() == pytest.approx([0] * 4, abs=1e-6)
    assert data.test.values.min() == 1  # far beyond what was learned from


def test_numbers_are_to_be_predicted_where_they_look_like_it_or_are_said_to():
    data = dataset_of(X, X[:, 0] * 3 + 7)
    assert isinstance(data.training, VectorSamples)
    assert data.encoding.targets[0].mean == pytest.approx(7, abs=1)
    assert (len(data.test), len(data.validation)) == (0, 0)
    assert dataset_of(X, np.arange(60)).has_classes is False  # too many to be classes
    assert dataset_of(X, np.arange(60) % 50).has_classes is True
    assert dataset_of(X, np.arange(60) % 50, regression=True).has_classes is False
    assert dataset_of(X, np.arange(60) / 4, regression=False).training.n_outputs == 60


def test_several_targets_of_zeros_and_ones_are_labels():
    data = dataset_of(X, np.array([[0, 1], [1, 1]] * 30))
    assert data.encoding.targets == (Target("y0"), Target("y1"))
    assert data.training.targets[:2].tolist() == [[0, 1], [1, 1]]
    assert dataset_of(X, np.array([[0, 2], [1, 1]] * 30)).encoding.targets[1].mean == 1.5


def test_the_encoding_of_a_model_can_be_used_again():
    model = dataset_of(X, NAMES).encoding
    data = dataset_of(X[:20] * 2, NAMES[:20], encoding=model)
    assert data.encoding == model
    assert data.training.n_classes == 3
    np.testing.assert_array_equal(data.training.values, model.inputs(X[:20] * 2))


def test_classes_that_do_not_occur_can_be_named():
    data = dataset_of(X, NAMES, classes=["a", "b", "c", "d"])
    assert data.training.n_classes == 4
    assert dataset_of(X.astype(np.uint8), np.zeros(60, int), classes=range(10)).training.n_classes == 10


def test_weights_go_with_the_training_samples():
    data = dataset_of(X, NAMES, test=0.5, sample_weight=np.arange(1.0, 61))
    assert len(data.training.weights) == 30
    assert data.test.weights is None
    assert data.training.sha256 != replace(data.training, weights=None).sha256


def test_plain_numbers_stay_as_they_are():
    data = dataset_of(X / 8, NAMES, scale="none")
    np.testing.assert_array_equal(data.training.values, X / 8)
    assert data.encoding.columns == ()


@pytest.mark.parametrize(
    ("x", "y", "options", "message"),
    [
        (X, NAMES[:5], {}, "60 samples but 5 labels"),
        (X, np.zeros((60, 2, 2)), {}, "labels of shape (60, 2, 2)"),
        (X, np.where(X[:, 0] > 5, 1, np.nan), {}, "row 0: the target is nan"),
        (X, NAMES, {"regression": True}, "what is to be predicted is text"),
        (X, X[:, 0], {"stratify": True}, "--stratify goes with classes"),
        (X, NAMES, {"sample_weight": np.zeros(60)}, "must be finite and above 0"),
        (X, NAMES, {"sample_weight": [1]}, "there are weights of shape (1,) for 60 samples"),
        (X, NAMES, {"test": (X[:, :3], NAMES)}, "has 3 columns where 4 are expected"),
        (X[:0], NAMES[:0], {}, "has no training samples"),
    ],
)
def test_what_does_not_fit_is_refused(x, y, options, message):
    with pytest.raises(DataError) as refused:
        dataset_of(x, y, **options)
    assert message in str(refused.value)


def test_an_encoding_that_does_nothing_is_one_too():
    """Other samples are read by it: bytes as bytes, numbers as they are, whichever classes occur."""
    pixels = _rng.integers(0, 256, (60, 4)).astype(np.uint8)
    model = dataset_of(pixels, np.arange(60) % 3)
    assert model.encoding == IDENTITY
    other = dataset_of(pixels / 255, np.zeros(60, int), encoding=model.encoding, n_classes=3)
    np.testing.assert_array_equal(other.training.values, pixels / 255)
    assert other.training.n_classes == 3
    with pytest.raises(DataError, match=r"row 1: 3 is none of the classes 0 to 2; correct it"):
        dataset_of(pixels, np.arange(60) % 2 * 3, encoding=model.encoding, n_classes=3)


def test_a_models_columns_are_those_of_bytes_too():
    model = dataset_of(X, NAMES).encoding
    values = _rng.integers(0, 3, (60, 4)).astype(np.uint8)
    np.testing.assert_array_equal(
        dataset_of(values, NAMES, encoding=model).training.values, model.inputs(values.astype(float))
    )


def test_a_class_that_only_test_samples_have_is_a_class():
    data = dataset_of(X, np.arange(60) % 2, test=(X, np.arange(60) % 3))
    assert (data.training.n_classes, data.test.labels.max()) == (3, 2)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["a", None, "b"], "row 1: what is to be predicted is missing; fill it in, or leave out the row"),
        ([1, float("nan"), 2], "row 1: what is to be predicted is missing"),
        ([1, "1", 2], "labels of several kinds, as 1; give numbers alone, or texts alone"),
        (["a", ("b",), "c"], "row 1: the label ('b',) is neither a number nor a text"),
    ],
)
def test_objects_that_are_no_labels_are_refused(labels, message):
    given = np.empty(60, object)
    given[:] = labels * 20
    with pytest.raises(DataError) as refused:
        dataset_of(X, given)
    assert message in str(refused.value)


def test_labels_keep_their_types():
    assert dataset_of(X, np.array(["01", "1", "1.0"] * 20, object)).encoding.classes == ("01", "1", "1.0")
    assert dataset_of(X, np.array([True, False, True] * 20, object)).encoding.classes == (False, True)


def test_tables_of_pyarrow_and_pandas_are_tables():
    frame = pandas.DataFrame(X, columns=[*"abcd"]).assign(kind=pandas.Categorical(NAMES), count=np.arange(60))
    frame.loc[3, "a"] = None
    frame["count"] = frame["count"].astype("Int64")
    found = [dataset_of(table, NAMES, impute="mean") for table in (frame, pyarrow.Table.from_pandas(frame))]
    assert found[0].training.sha256 == found[1].training.sha256
    assert found[0].encoding.input_names == ["a", "b", "c", "d", "kind=a", "kind=b", "kind=c", "count"]


def test_a_row_that_does_not_fit_is_told_by_its_number_among_all():
    values = X / 8
    values[7, 2] = np.inf
    rows = [7, *(row for row in range(60) if row != 7)]
    for x, place in ((values, "row 7, column 2"), (values[rows], "row 0, column 2")):
        with pytest.raises(DataError, match=place):
            dataset_of(x, NAMES, test=0.5, validation=0.2, scale="none")
    labels = NAMES.copy()
    labels[41] = "e"
    with pytest.raises(DataError, match="row 41: 'e' is none of the classes a, b, c; correct it"):
        dataset_of(X, labels, test=0.5, encoding=dataset_of(X, NAMES).encoding)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": 1}, "column a has shape (); give a list of values for each column"),
        ({"a": [1, 2], "b": [1]}, "column b has shape (1,)"),
        ({"a": [1j] * 60}, "row 0, column a: 1j is neither a number nor a text; leave the column out"),
        ({"a": np.full(60, "2024-01-01", "M8[D]")}, "row 0, column a: 2024-01-01 is neither a number nor a text"),
        ({"a": range(60), 1: range(60), "1": range(60)}, "two columns are named 1; give each a name of its own"),
    ],
)
def test_columns_that_nothing_can_be_learned_from_are_refused(columns, message):
    with pytest.raises(DataError) as refused:
        dataset_of(columns, NAMES)
    assert message in str(refused.value)
