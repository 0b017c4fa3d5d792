"""How long work takes on this machine."""

import time
from collections.abc import Iterator

import pytest

from coordinator.planning.profiler import Profile, Watch, profile
from shared.config import TrainConfig
from shared.nn.arithmetic import one_thread
from shared.strategies import LocalSGD, SyncSGD


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with one_thread():  # others would be waited for on a busy machine
        yield


@pytest.mark.parametrize(("arithmetic", "shards", "units"), [("native", 4, 4), ("exact", None, 64)])
def test_the_profile_is_that_of_the_real_work(arithmetic, shards, units):
    sync = profile(
        TrainConfig(
            sizes=(200, 100, 10),
            epochs=1,
            mini_batch_size=64,
            learning_rate=3.0,
            arithmetic=arithmetic,
            strategy=SyncSGD(shards=shards),
        )
    )
    assert 0 < sync.block(1) < sync.block(units) < 0.1
    local = profile(
        TrainConfig(
            sizes=(200, 100, 10),
            epochs=1,
            mini_batch_size=64,
            learning_rate=3.0,
            arithmetic=arithmetic,
            strategy=LocalSGD(local_steps=50, replicas=2),
        )
    )
    assert local.block(1) > 20 * sync.mini_batch


def computing(seconds: float) -> None:
    """Keep a core busy for so long."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_what_a_call_waits_for_is_no_computing():
    """As for a core that others have."""
    watch = Watch(0.01)

    def call() -> None:
        computing(0.001)
        time.sleep(0.01)

    assert 0.001 <= watch.time(call) < 0.005
    assert watch.share < 0.5
    assert Profile(0.0, 0.01, 0.0, 0.01, watch.share).is_busy


def test_a_machine_that_lets_us_compute_is_not_busy():
    assert not Profile(0.0, 0.01, 0.0, 0.01, 0.95).is_busy
    assert Watch(0.01).share == 1.0  # before anything was timed


def test_where_calls_mostly_wait_there_is_an_end():
    watch, began = Watch(0.05), time.process_time()
    calls = []

    def call() -> None:
        calls.append(time.sleep(0.01))

    watch.time(call)
    assert 3 <= len(calls) <= 25
    assert time.process_time() - began < 0.05
