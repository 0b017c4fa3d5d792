"""How long work takes on this machine."""

import pytest

from coordinator.planning.profiler import profile
from shared.config import TrainConfig
from shared.strategies import LocalSGD, SyncSGD


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
