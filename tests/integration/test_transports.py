"""Tensors through shared memory and replies through a real Redis."""

import os
from collections.abc import Iterator

import pytest

from shared.messaging.records import Record
from shared.training.state import TrainingState
from shared.transport.regions import SharedTensors
from tests.support.fake_worker import FakeWorker
from tests.support.learning import CONFIG, alone, learn

WORKERS, STEPS = 2, 10


@pytest.fixture
def tensors() -> Iterator[SharedTensors]:
    descriptor = os.memfd_create("test")
    yield SharedTensors(descriptor, CONFIG, WORKERS)
    os.close(descriptor)


@pytest.mark.parametrize(("slot", "first"), [(WORKERS + 1, 0), (65535, 0), (1, CONFIG.shards_per_step), (1, 2**32 - 1)])
def test_a_reply_in_a_region_that_is_not_there_is_rejected(server, remote_gradients, tensors, slot, first):
    def elsewhere(message: bytes, record: Record) -> list[bytes]:
        return [record._replace(slot=slot, first=first).encode(), message]

    remote = remote_gradients(tensors=tensors)
    remote._transport._strangers = True  # as a fake worker is
    state = TrainingState.initial(CONFIG)
    FakeWorker(server, elsewhere).start()
    assert learn(remote, state=state) == learn(alone())
    assert state.counts.total.rejected >= STEPS
