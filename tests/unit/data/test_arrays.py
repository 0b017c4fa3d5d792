"""Data sets of what is in memory."""

from dataclasses import replace

import numpy as np
import pytest

from shared.data.arrays import dataset_of
from shared.data.dataset import load_dataset
from shared.data.encoding import Target
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
    assert (data.image_size, data.encoding) == ((28, 28), None)


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
