"""Memory that a coordinator shares with the workers it has started."""

import os
from collections.abc import Iterator

import pytest

from shared.transport.regions import SharedTensors
from tests.support.learning import CONFIG

WORKERS, STEPS = 2, 10


@pytest.fixture
def tensors() -> Iterator[SharedTensors]:
    descriptor = os.memfd_create("test")
    yield SharedTensors(descriptor, CONFIG, WORKERS)
    os.close(descriptor)


def test_the_memory_belongs_to_one_incarnation_of_a_run(tensors):
    tensors.begin(7)
    assert tensors.belongs_to(7)
    assert not tensors.belongs_to(8)
