"""Local SGD: replicas that walk alone and meet."""

from dataclasses import replace

import numpy as np

from shared.config import TrainConfig
from shared.data.sampler import Step
from shared.data.samples import VectorSamples
from shared.nn.parameters import Parameters
from shared.optim.optimizers import SGD, Adam
from shared.parallel.local_sgd import LocalSGDStrategy
from shared.parallel.strategy import strategy_of
from shared.strategies import LocalSGD, SyncSGD
from shared.types import Rows

_rng = np.random.default_rng(0)
SAMPLES = VectorSamples(_rng.random((50, 6)), _rng.random((50, 3)))


def config_of(strategy: LocalSGD | SyncSGD) -> TrainConfig:
    return TrainConfig(
        sizes=(6, 5, 3),
        epochs=1,
        mini_batch_size=4,
        learning_rate=3.0,
        arithmetic="native",
        dtype="float64",
        strategy=strategy,
    )


def take_sgd_steps(parameters: Parameters, rows: Rows) -> None:
    """Take a step on every four rows, as one process does."""
    strategy = strategy_of(config_of(SyncSGD(shards=1)), SAMPLES)
    for first in range(0, len(rows), 4):
        step = Step(0, 0, 0, 0, rows[first : first + 4])
        gradient, score = strategy.block(parameters, step, 0, 1)
        SGD().step(parameters.flat, gradient / score.samples, {}, 3.0, np.empty_like(gradient))


def test_one_replica_is_sgd_itself():
    config = config_of(LocalSGD(local_steps=13, replicas=1))
    strategy = strategy_of(config, SAMPLES)
    assert isinstance(strategy, LocalSGDStrategy)
    alone, together = config.initial_parameters(), config.initial_parameters()
    take_sgd_steps(alone, np.arange(50))
    step = Step(0, 0, 0, 0, np.arange(50))
    total, _ = strategy.block(together, step, 0, 1)
    strategy.update(together, {}, step, total)
    np.testing.assert_allclose(together.flat, alone.flat, rtol=1e-13)


def test_the_weights_follow_the_mean_of_the_replicas_pseudo_gradients():
    """Against a slow truth: each replica by itself."""
    config = config_of(LocalSGD(local_steps=3, replicas=4, outer_momentum=0.5))
    strategy = strategy_of(config, SAMPLES)
    rows = np.arange(40)  # three replicas with 12 samples, and one with 4
    start = config.initial_parameters()
    pseudo_gradients = []
    for first in range(0, 40, 12):
        replica = config.initial_parameters()
        take_sgd_steps(replica, rows[first : first + 12])
        pseudo_gradients.append(start.flat - replica.flat)
    mean = sum(pseudo_gradients) / 4
    state = {"ahead": np.full_like(start.flat, -0.125)}  # momentum times a velocity of -0.25
    moved, step = config.initial_parameters(), Step(0, 0, 0, 0, rows)
    assert strategy.bounds(40) == [0, 12, 24, 36, 40]
    total, score = strategy.block(moved, step, 0, 4)
    assert score.samples == 40
    strategy.update(moved, state, step, total)
    ahead = state["ahead"]
    np.testing.assert_allclose(ahead, 0.5 * (-0.125 + mean), rtol=1e-12)
    np.testing.assert_allclose(moved.flat, start.flat - mean - ahead, rtol=1e-12)


def test_replicas_do_not_see_each_others_steps():
    """A block of one replica is the same whoever computed another before."""
    config = config_of(LocalSGD(local_steps=3, replicas=4))
    strategy, parameters = strategy_of(config, SAMPLES), config.initial_parameters()
    step = Step(0, 0, 0, 0, np.arange(40))
    alone = strategy.block(parameters, step, 2, 3)[0].tobytes()
    strategy.block(parameters, step, 0, 4)
    assert strategy.block(parameters, step, 2, 3)[0].tobytes() == alone
    assert parameters.sha256 == config.initial_parameters().sha256


def test_the_inner_optimizer_begins_anew_with_each_average():
    """Adam's first steps are of the full learning rate: so they are after each average, whoever computes a replica."""
    config = replace(config_of(LocalSGD(local_steps=1, replicas=2)), optimizer=Adam(), learning_rate=0.01)
    strategy, parameters = strategy_of(config, SAMPLES), config.initial_parameters()
    for number in range(3):
        step = Step(0, number, number, number, np.arange(8))
        total = strategy.block(parameters, step, 0, 1)[0]
        large = np.abs(total) > 1e-3  # where the gradient is not about 0
        np.testing.assert_allclose(np.abs(total[large]), 0.01, rtol=1e-3)
        assert large.mean() > 0.5
        parameters.flat[:] -= total
