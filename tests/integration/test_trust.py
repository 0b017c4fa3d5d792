"""A bad worker cannot spoil a run: what is wrong is found, named and computed again; who is wrong gets no more work."""

import numpy as np
import pytest

from shared.messaging.records import RECORD_BYTES, Record
from shared.training.state import TrainingState
from tests.support.fake_worker import FakeWorker
from tests.support.learning import CONFIG, alone, learn


def wrong_bit(message: bytes, record: Record) -> list[bytes]:
    """The reply with the lowest bit of its first number changed."""
    return [message[:RECORD_BYTES] + bytes([message[RECORD_BYTES] ^ 1]) + message[RECORD_BYTES + 1 :]]


def not_finite(message: bytes, record: Record) -> list[bytes]:
    gradient = np.frombuffer(message[RECORD_BYTES:], np.float32).copy()
    gradient[3] = np.nan
    return [message[:RECORD_BYTES] + gradient.tobytes()]


@pytest.mark.parametrize(("answer", "audit"), [(wrong_bit, 1.0), (not_finite, 0.0)])
def test_a_worker_whose_gradient_is_wrong_is_named_and_gets_no_more_work(
    server, remote_gradients, caplog, answer, audit
):
    state = TrainingState.initial(CONFIG)
    remote = remote_gradients(audit=audit)
    liar = FakeWorker(server, answer, "liar")
    liar.start()
    FakeWorker(server, name="honest").start_after(liar, requests=1)
    assert learn(remote, state=state) == learn(alone())
    assert state.excluded == ["liar"]
    (line,) = [record for record in caplog.records if "gets no more work" in record.getMessage()]
    assert line.worker == "liar"
    assert "is not what the coordinator computes" in line.getMessage()
    assert state.counts.workers["liar"].rejected >= 1


def test_a_worker_that_only_talks_nonsense_gets_no_more_work(server, remote_gradients):
    state = TrainingState.initial(CONFIG)
    remote = remote_gradients()
    remote._timer.add(0.001)  # so that its requests are sent again soon
    liar = FakeWorker(server, lambda message, record: [message[:-4]], "liar")
    liar.start()
    FakeWorker(server, name="honest").start_after(liar, requests=3)
    assert learn(remote, state=state) == learn(alone())
    assert state.excluded == ["liar"]


def test_a_run_that_excluded_a_worker_still_does_after_resume(server, remote_gradients):
    state = TrainingState.initial(CONFIG)
    state.excluded.append("liar")
    remote = remote_gradients(excluded=state.excluded)
    liar = FakeWorker(server, wrong_bit, "liar")
    liar.start()
    FakeWorker(server, name="honest").start()
    assert learn(remote, state=state) == learn(alone())
    assert liar.requests == 0
    assert state.excluded == ["liar"]
