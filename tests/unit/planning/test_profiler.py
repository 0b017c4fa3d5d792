"""How long work takes on this machine."""

from coordinator.planning.profiler import measure
from shared.config import TrainConfig


def test_the_rate_is_that_of_the_real_work():
    rate = measure(TrainConfig((20, 8, 4), 1, 16, 3.0, 0, 4, "float32"))
    assert 0 < rate.block(1) < rate.block(4) < 0.1
    local = measure(TrainConfig((20, 8, 4), 1, 16, 3.0, 0, 1, "float32", 50, 2))
    assert local.block(1) > 20 * rate.mini_batch
