"""When a worker leaves its lease."""

import pytest

from shared.config import TrainConfig
from shared.messaging.lease import Lease
from shared.messaging.records import Kind, Record
from shared.strategies import SyncSGD
from tests.support.learning import DIGESTS, KERNELS, SECRET
from worker import departure
from worker.departure import COORDINATOR_GONE, WINDOW_OVER, WORKER_LEAVING, Departure

CONFIG = TrainConfig(
    sizes=(4, 3, 2), epochs=1, mini_batch_size=6, learning_rate=3.0, arithmetic="native", strategy=SyncSGD(shards=2)
)
LEASE = Lease(
    "run",
    7,
    CONFIG,
    DIGESTS,
    0,
    0,
    10,
    10,
    window=3,
    number=5,
    label="1/2",
    excluded=(),
    kernels=KERNELS,
    secret=SECRET,
)
WEIGHTS = Record(Kind.WEIGHTS, 7, step=1, number=3)
REQUEST = Record(Kind.REQUEST, 7, step=1, first=0, stop=1)
OVER = Record(Kind.OVER, 7, number=3)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def leaves(clock):
    return Departure(LEASE, clock)


def test_as_long_as_there_are_weights_of_its_window_a_worker_stays(leaves):
    assert leaves.why(REQUEST, WEIGHTS) == ""
    assert leaves.why(None, WEIGHTS) == ""


def test_weights_of_another_window_prove_that_its_own_is_over(leaves):
    assert leaves.why(REQUEST, WEIGHTS._replace(number=4)) == WINDOW_OVER


def test_the_sign_alone_is_believed_only_where_no_weights_deny_it(leaves):
    assert leaves.why(OVER, WEIGHTS) == ""
    assert leaves.why(OVER, None) == WINDOW_OVER


def test_a_lease_that_never_saw_weights_came_after_its_run(leaves):
    assert leaves.why(None, None) == COORDINATOR_GONE


def test_a_coordinator_may_pause_and_not_for_long(leaves, clock):
    leaves.why(REQUEST, WEIGHTS)
    clock.now += 3.9
    assert leaves.why(None, None) == ""
    clock.now += 0.2
    assert leaves.why(None, None) == COORDINATOR_GONE


def test_while_redis_was_away_nobody_could_see_weights(leaves, clock):
    leaves.why(REQUEST, WEIGHTS)
    clock.now += 200
    leaves.redis_was_away()
    assert leaves.why(None, None) == ""


def test_a_worker_that_is_told_to_stop_leaves_and_only_then(leaves, monkeypatch):
    monkeypatch.setattr(departure, "is_leaving", lambda: True)
    assert leaves.why(REQUEST, WEIGHTS) == WORKER_LEAVING


@pytest.mark.parametrize(
    ("found", "outcome"), [(None, ""), (b"7", ""), (b"8", COORDINATOR_GONE), (b"nonsense", COORDINATOR_GONE)]
)
def test_a_newer_incarnation_of_the_run_has_other_leases(leaves, found, outcome):
    class Stream:
        def send(self, buffers):
            assert b"gradmq:run:incarnation" in b"".join(buffers)

        def read_bulk(self):
            return found

    assert leaves.look_for_successor(Stream()) == outcome
