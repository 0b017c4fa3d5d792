"""What options can be taken from the training samples."""

from dataclasses import replace

import numpy as np
import pytest

from shared.data.dataset import load_dataset
from shared.data.options_of_samples import balanced, moments
from shared.data.samples import LabelledSamples
from shared.errors import DataError
from tests.support.mnist import MNIST

SAMPLES = LabelledSamples(np.array([[0, 255], [255, 255]], np.uint8), np.array([0, 1]), 2)


def test_moments_are_those_of_all_inputs_together():
    assert moments(SAMPLES) == (0.75, 0.433)
    assert moments(replace(SAMPLES, images=np.array([[-3.0, 1.0], [-3.0, 1.0]]))) == (-1.0, 2.0)


def test_those_of_mnist_are_what_everybody_uses():
    mean, deviation = moments(load_dataset(MNIST).training)
    assert (round(mean, 2), round(deviation, 2)) == (0.13, 0.31)


def test_inputs_that_are_all_the_same_have_none():
    with pytest.raises(DataError, match="all inputs are 1"):
        moments(replace(SAMPLES, images=np.full((2, 2), 255, np.uint8)))


def test_balanced_weights_give_all_classes_the_same_part():
    samples = LabelledSamples(np.zeros((8, 1), np.uint8), np.array([0, 1, 1, 2, 2, 2, 2, 2]), 3)
    weights = balanced(samples)
    assert weights == (8 / 3, 8 / 6, 8 / 15)
    np.testing.assert_allclose(np.bincount(samples.labels) * weights, 8 / 3)


def test_a_class_without_samples_has_no_weight():
    with pytest.raises(DataError, match="class 1 has no training sample"):
        balanced(replace(SAMPLES, labels=np.array([0, 2]), n_classes=3))
