"""How long work takes on this machine."""

from collections.abc import Iterator

import pytest

from coordinator.planning.profiler import Profile, Watch, profile
from shared.config import TrainConfig
from shared.nn.arithmetic import one_thread
from shared.strategies import LocalSGD, SyncSGD
from tests.support.clock import Clock


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


class Core:
    """A core that is ours for a part of the time: calls compute for so long, and wait for so long."""

    def __init__(self, computing: float, waiting: float) -> None:
        self.core, self.clock = Clock(), Clock()
        self.calls, self._computing, self._waiting = 0, computing, waiting

    def call(self) -> None:
        self.calls += 1
        self.core.advance(self._computing)
        self.clock.advance(self._computing + self._waiting)

    def watch(self, seconds: float) -> Watch:
        return Watch(seconds, self.core, self.clock)


def test_what_a_call_waits_for_is_no_computing():
    """As for a core that others have."""
    core = Core(computing=0.001, waiting=0.003)
    watch = core.watch(0.1)
    assert watch.share == 1.0  # before anything was timed
    assert watch.time(core.call) == pytest.approx(0.001)
    assert watch.share == pytest.approx(0.25)
    assert 100 <= core.calls <= 102


@pytest.mark.parametrize(("share", "is_busy"), [(1.0, False), (0.95, False), (0.5, True)])
def test_a_machine_that_lets_us_compute_is_not_busy(share, is_busy):
    assert Profile(0.0, 0.01, 0.0, 0.01, share).is_busy is is_busy


def test_where_calls_mostly_wait_there_is_an_end():
    core = Core(computing=0.001, waiting=0.099)
    core.watch(0.1).time(core.call)
    assert core.calls == 5
