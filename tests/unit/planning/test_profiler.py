"""How long work takes on this machine."""

from coordinator.planning.profiler import profile
from shared.config import TrainConfig
from shared.strategies import LocalSGD, SyncSGD


def test_the_profile_is_that_of_the_real_work():
    exact = profile(
        TrainConfig(
            sizes=(20, 8, 4),
            epochs=1,
            mini_batch_size=16,
            learning_rate=3.0,
            arithmetic="native",
            strategy=SyncSGD(shards=4),
        )
    )
    assert 0 < exact.block(1) < exact.block(4) < 0.1
    local = profile(
        TrainConfig(
            sizes=(20, 8, 4),
            epochs=1,
            mini_batch_size=16,
            learning_rate=3.0,
            strategy=LocalSGD(local_steps=50, replicas=2),
        )
    )
    assert local.block(1) > 20 * exact.mini_batch
