"""Benchmarks choose as runs do: by validation samples, and tell the test accuracy of what they chose."""

import numpy as np
import pytest

from benchmarks import harness
from benchmarks.jobs import NOTEBOOKS
from shared.data.parts import Part
from shared.nn.parameters import Parameters


@pytest.fixture
def accuracies(monkeypatch):
    """The accuracies of an epoch are what its first weights say, which `epochs` writes into the same memory."""
    monkeypatch.setattr(
        harness, "accuracy", lambda config, weights, part=Part.TEST: float(weights.flat[int(part == Part.TEST)])
    )


def epochs(*pairs):
    config = harness.native(NOTEBOOKS, shards=1)
    weights = Parameters(config.sizes, np.float32)
    for pair in pairs:
        weights.flat[:2] = pair
        yield weights


def test_the_epoch_is_chosen_by_validation_and_not_by_test(accuracies):
    config = harness.native(NOTEBOOKS, shards=1)
    assert harness.chosen(config, epochs((90, 97), (92, 91), (91, 95))) == (92.0, 91.0)


def test_of_equals_the_earliest_is_chosen(accuracies):
    config = harness.native(NOTEBOOKS, shards=1)
    assert harness.chosen(config, epochs((92, 91), (92, 95))) == (92.0, 91.0)
