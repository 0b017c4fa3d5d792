"""The gradient of a mini-batch in native arithmetic, whole and in shards."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shared.config import TrainConfig
from shared.data.sampler import Step
from shared.data.samples import VectorSamples
from shared.parallel.sharded_sgd import ShardedSGDStrategy
from shared.parallel.strategy import Strategy, strategy_of
from shared.strategies import SyncSGD

_rng = np.random.default_rng(0)
SAMPLES = VectorSamples(_rng.random((30, 6)), _rng.random((30, 3)))


def config_of(shards: int, seed: int = 0) -> TrainConfig:
    return TrainConfig(
        sizes=(6, 5, 3),
        epochs=1,
        mini_batch_size=24,
        learning_rate=3.0,
        seed=seed,
        dtype="float64",
        arithmetic="native",
        strategy=SyncSGD(shards=shards),
    )


def strategy_in(shards: int) -> Strategy:
    return strategy_of(config_of(shards), SAMPLES)


@given(n_samples=st.integers(1, 24), shards=st.integers(1, 24), seed=st.integers(0, 2**32 - 1))
def test_any_split_of_a_mini_batch_gives_the_gradient_of_the_whole(n_samples, shards, seed):
    parameters = config_of(1, seed).initial_parameters()
    step = Step(0, 0, 0, 0, np.random.default_rng(seed).permutation(30)[:n_samples])
    whole, score = strategy_in(1).block(parameters, step, 0, 1)
    split, split_score = strategy_in(shards).block(parameters, step, 0, min(shards, n_samples))
    assert score.samples == split_score.samples == n_samples
    np.testing.assert_allclose(split, whole, rtol=1e-12, atol=1e-12)


@given(workers=st.integers(1, 8), data=st.data())
def test_the_blocks_of_a_step_stand_for_its_samples_once(workers, data):
    strategy = strategy_in(7)
    step = Step(0, 0, 0, 0, np.arange(data.draw(st.integers(1, 24))))
    n_shards = len(strategy.bounds(len(step.rows))) - 1
    cuts = sorted({0, n_shards, *data.draw(st.lists(st.integers(0, n_shards), max_size=workers))})
    parameters = config_of(1).initial_parameters()
    counts = [strategy.block(parameters, step, first, stop).score.samples for first, stop in pairwise(cuts)]
    assert sum(counts) == len(step.rows)


def test_a_step_goes_along_the_mean_gradient():
    config = config_of(3)
    strategy, parameters = strategy_of(config, SAMPLES), config.initial_parameters()
    assert isinstance(strategy, ShardedSGDStrategy)
    step = Step(0, 0, 0, 0, np.arange(10))
    total, _ = strategy.block(parameters, step, 0, 3)
    expected = parameters.flat - 3.0 / 10 * total
    strategy.update(parameters, {}, step, total)
    np.testing.assert_allclose(parameters.flat, expected, rtol=1e-13)


def test_a_block_leaves_the_weights_as_they_are():
    config = config_of(3)
    parameters = config.initial_parameters()
    before = parameters.sha256
    strategy_of(config, SAMPLES).block(parameters, Step(0, 0, 0, 0, np.arange(10)), 0, 3)
    assert parameters.sha256 == before
