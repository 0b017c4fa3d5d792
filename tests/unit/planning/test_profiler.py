"""How long work takes on this machine."""

from coordinator.planning.profiler import profile
from shared.config import TrainConfig


def test_the_profile_is_that_of_the_real_work():
    exact = profile(TrainConfig((20, 8, 4), 1, 16, 3.0, 0, 4, "float32"))
    assert 0 < exact.block(1) < exact.block(4) < 0.1
    local = profile(TrainConfig((20, 8, 4), 1, 16, 3.0, 0, 1, "float32", 50, 2))
    assert local.block(1) > 20 * exact.mini_batch
