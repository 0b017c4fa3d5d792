"""Local SGD: replicas that walk alone and meet."""

import numpy as np

from shared.config import TrainConfig
from shared.data.samples import VectorSamples
from shared.parallel.sgd import Gradients, initial_parameters, sgd_step
from shared.parallel.strategy import work_of

SIZES = (6, 5, 3)


_rng = np.random.default_rng(0)


SAMPLES = VectorSamples(_rng.random((50, 6)), _rng.random((50, 3)))


def config_of(**options: object) -> TrainConfig:
    return TrainConfig(SIZES, 1, 4, 3.0, 0, 1, "float64", **options)


def test_one_replica_is_sgd_itself():
    rows = np.arange(50)
    work = work_of(config_of(local_steps=13), SAMPLES)
    alone, together = (initial_parameters(SIZES, 0, np.float64) for _ in range(2))
    gradients = Gradients(SAMPLES, SIZES, np.float64)
    for first in range(0, 50, 4):
        gradient, n_samples = gradients.block(alone, rows[first : first + 4], 1)
        sgd_step(alone, gradient, 3.0, n_samples)
    total, n_samples = work.block(together, rows, 0, 1)
    work.take_step(together, None, total, n_samples)
    np.testing.assert_allclose(together.flat, alone.flat, rtol=1e-13)


def test_the_weights_follow_the_mean_of_the_replicas_moves():
    """Against a slow truth: each replica by itself."""
    config = config_of(local_steps=3, replicas=4, outer_momentum=0.5)
    work = work_of(config, SAMPLES)
    rows = np.arange(40)  # three replicas with 12 samples, and one with 4
    start = initial_parameters(SIZES, 0, np.float64)
    gradients = Gradients(SAMPLES, SIZES, np.float64)
    moves = []
    for first in range(0, 40, 12):
        replica = initial_parameters(SIZES, 0, np.float64)
        for batch in range(first, min(first + 12, 40), 4):
            gradient, n_samples = gradients.block(replica, rows[batch : batch + 4], 1)
            sgd_step(replica, gradient, 3.0, n_samples)
        moves.append(replica.flat - start.flat)
    mean = sum(moves) / 4
    velocity = np.full_like(start.flat, 0.25)
    moved = initial_parameters(SIZES, 0, np.float64)
    total, n_samples = work.block(moved, rows, 0, 4)
    assert n_samples == 40
    work.take_step(moved, velocity, total, n_samples)
    np.testing.assert_allclose(velocity, 0.125 + mean, rtol=1e-12)
    np.testing.assert_allclose(moved.flat, start.flat + mean + 0.5 * velocity, rtol=1e-12)
