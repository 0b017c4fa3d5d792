"""What `make test-anywhere` runs in many environments: here it must give what it gives there."""

import random
from unittest import mock

import pytest

from shared.data.dataset import load_dataset
from shared.nn.arithmetic import exact
from tests.anywhere import subject


@pytest.fixture(scope="module")
def data():
    return load_dataset(subject.DATA)


def test_deformed_images_have_the_expected_bits():
    assert subject.deformed(random.Random()) == subject.EXPECTED["deformed"]


@pytest.mark.parametrize("name", subject.RUNS)
def test_the_bits_are_the_expected_ones_however_mini_batches_are_cut(data, name):
    assert subject.trained(*subject.RUNS[name], data, random.Random()) == subject.EXPECTED[name]


def test_with_too_many_bits_they_depend_on_the_cut(data):
    with mock.patch.object(exact, "bits", return_value=(24, subject.TOO_MANY_BITS)):
        assert subject.trained(subject.SMALL, 300, data, random.Random(0)) != subject.control(data)


def test_parts_make_up_the_step():
    for seed in range(20):
        parts = sorted(subject.parts(10, random.Random(seed)))
        assert [row for first, stop in parts for row in range(first, stop)] == list(range(10))
