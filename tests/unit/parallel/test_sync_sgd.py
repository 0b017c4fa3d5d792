"""The gradient of a mini-batch in exact arithmetic: whoever computes which samples, in whatever order."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.data.sampler import Step
from shared.data.samples import LabelledSamples, VectorSamples
from shared.errors import DivergedError
from shared.nn.losses import SQUARES
from shared.nn.parameters import Parameters
from shared.nn.score import added
from shared.parallel.local_sgd import LocalSGDStrategy
from shared.parallel.strategy import strategy_of
from shared.parallel.sync_sgd import SyncSGDStrategy
from shared.strategies import LocalSGD, SyncSGD
from tests.support.learning import CONFIG, SAMPLES

EXACT = replace(CONFIG, arithmetic="exact", dtype="", strategy=SyncSGD(), mini_batch_size=30)


def step_of(rows: np.ndarray) -> Step:
    return Step(0, 0, 0, 0, rows)


def gradient(rows: np.ndarray, parameters: Parameters, samples: LabelledSamples = SAMPLES) -> np.ndarray:
    strategy = strategy_of(EXACT, samples)
    return strategy.block(strategy.broadcast(parameters), step_of(rows), 0, len(rows))[0]


@given(data=st.data(), n_samples=st.integers(1, 30), seed=st.integers(0, 2**64 - 1))
def test_a_step_may_be_cut_anywhere_among_any_workers_and_added_in_any_order(data, n_samples, seed):
    parameters = replace(EXACT, seed=seed).initial_parameters()
    rows = np.random.default_rng(seed).permutation(len(SAMPLES))[:n_samples]
    cuts = sorted({0, n_samples, *data.draw(st.lists(st.integers(0, n_samples), max_size=8))})
    workers = [strategy_of(EXACT, SAMPLES) for _ in range(3)]
    total, count = np.zeros_like(parameters.flat), 0
    for first, stop in data.draw(st.permutations(list(pairwise(cuts)))):
        worker = workers[data.draw(st.integers(0, 2))]
        part, score = worker.block(worker.broadcast(parameters), step_of(rows), first, stop)
        total += part
        count += score.samples
    assert count == n_samples
    assert np.array_equal(total, gradient(rows, parameters))


@given(data=st.data())
def test_the_order_of_the_samples_does_not_matter(data):
    parameters = EXACT.initial_parameters()
    rows = np.array(data.draw(st.permutations(range(30))))
    assert np.array_equal(gradient(rows, parameters), gradient(np.arange(30), parameters))


@pytest.mark.parametrize("sizes", [(12, 5, 3), (12, 5, 700)])
def test_a_score_is_the_same_however_a_mini_batch_is_cut_whether_or_not_its_parts_are_small(sizes):
    """Of 100 samples with 700 outputs, only the parts have few enough squares to be summed without rounding them."""
    config = replace(EXACT, sizes=sizes, mini_batch_size=100)
    assert (sizes[-1] * config.mini_batch_size > SQUARES) is (sizes[-1] == 700)
    samples = LabelledSamples(SAMPLES.images.repeat(2, 0)[:100], SAMPLES.labels.repeat(2)[:100], sizes[-1])
    strategy, step = strategy_of(config, samples), step_of(np.arange(100))
    weights = strategy.broadcast(config.initial_parameters())
    whole = strategy.block(weights, step, 0, 100).score
    for cut in (1, 7, 50):
        parts = [strategy.block(weights, step, first, stop).score for first, stop in ((0, cut), (cut, 100))]
        assert added(parts) == whole


def test_a_unit_is_a_sample():
    strategy = strategy_of(EXACT, SAMPLES)
    assert isinstance(strategy, SyncSGDStrategy)
    assert strategy.divisible
    assert list(strategy.bounds(7)) == [0, 1, 2, 3, 4, 5, 6, 7]


def test_the_weights_that_travel_fit_into_float32():
    """Whoever computes with them has the same numbers."""
    strategy, parameters = strategy_of(EXACT, SAMPLES), EXACT.initial_parameters()
    before = parameters.sha256
    weights = strategy.broadcast(parameters)
    received = Parameters(EXACT.sizes, np.float64, weights.flat.astype("<f4").astype("<f8"))
    assert np.array_equal(received.flat, weights.flat)
    assert not np.array_equal(weights.flat, parameters.flat)  # the coordinator's own are finer
    assert parameters.sha256 == before
    ours = strategy.block(weights, step_of(np.arange(30)), 0, 30)[0].copy()
    theirs = strategy_of(EXACT, SAMPLES).block(received, step_of(np.arange(30)), 0, 30)[0]
    assert np.array_equal(ours, theirs)


def test_a_step_goes_along_the_mean_gradient_from_the_unrounded_weights():
    strategy, parameters = strategy_of(EXACT, SAMPLES), EXACT.initial_parameters()
    start = parameters.flat.copy()
    total, _ = strategy.block(strategy.broadcast(parameters), step_of(np.arange(10)), 0, 10)
    total = total.copy()
    strategy.update(parameters, {}, step_of(np.arange(10)), total.copy())
    np.testing.assert_allclose(parameters.flat, start - EXACT.learning_rate / 10 * total, rtol=1e-15)


def test_steps_that_are_smaller_than_the_grid_add_up():
    """The weights' grid is for sums alone."""
    small = replace(EXACT, learning_rate=1e-9)
    strategy, parameters = strategy_of(small, SAMPLES), small.initial_parameters()
    start, travelled = parameters.flat.copy(), strategy.broadcast(parameters).flat.copy()
    step = step_of(np.arange(30))
    total, _ = strategy.block(strategy.broadcast(parameters), step, 0, 30)
    strategy.update(parameters, {}, step, total.copy())
    assert not np.array_equal(parameters.flat, start)
    assert np.array_equal(strategy.broadcast(parameters).flat, travelled)


def test_weights_that_have_grown_too_large_do_not_travel():
    parameters = EXACT.initial_parameters()
    parameters.flat[3] = 1e20
    with pytest.raises(DivergedError, match="a weight has grown to 1e\\+20"):
        strategy_of(EXACT, SAMPLES).broadcast(parameters)


def test_it_learns_nearly_what_native_arithmetic_does():
    """The grids are fine: after a hundred steps the weights have moved far, and differ little."""
    native = replace(EXACT, arithmetic="native", dtype="float64", strategy=SyncSGD(shards=1))
    moved = []
    for config in (EXACT, native):
        strategy, parameters = strategy_of(config, SAMPLES), config.initial_parameters()
        start = parameters.flat.copy()
        for number in range(100):
            rows = np.random.default_rng(number).permutation(len(SAMPLES))[:30]
            units = len(strategy.bounds(30)) - 1
            total, _ = strategy.block(strategy.broadcast(parameters), step_of(rows), 0, units)
            strategy.update(parameters, {}, step_of(rows), total)
        moved.append(parameters.flat - start)
    assert np.abs(moved[0]).max() > 0.5
    assert np.abs(moved[0] - moved[1]).max() < 1e-3


def test_inputs_that_are_floats_come_on_the_grid_too():
    """Of whatever precision they were."""
    images = np.random.default_rng(0).uniform(-1, 1, (30, 12))
    for dtype in (np.float32, np.float64):
        samples = LabelledSamples(images.astype(dtype), SAMPLES.labels[:30], 3)
        x = samples.inputs(np.arange(30), EXACT.mlp().inputs)
        assert np.array_equal(x * 2**18, np.rint(x * 2**18))
        parameters = EXACT.initial_parameters()
        order = np.random.default_rng(1).permutation(30)
        assert np.array_equal(gradient(order, parameters, samples), gradient(np.arange(30), parameters, samples))


def test_wanted_outputs_come_on_the_grid_as_well():
    rng = np.random.default_rng(2)
    samples = VectorSamples(rng.uniform(-1, 1, (9, 12)), rng.random((9, 3)))
    rows, form = np.arange(9), EXACT.mlp().inputs
    for part in (samples.inputs(rows, form), samples.wanted(rows, form)[0]):
        assert np.array_equal(part * 2**18, np.rint(part * 2**18))


def test_local_sgd_in_exact_arithmetic_has_the_same_bits_in_any_order_of_a_mini_batch():
    """A replica's steps are exact; the replicas are added in the tree."""
    config = replace(EXACT, mini_batch_size=5, strategy=LocalSGD(local_steps=2, replicas=2))
    strategy, parameters = strategy_of(config, SAMPLES), config.initial_parameters()
    assert isinstance(strategy, LocalSGDStrategy)
    assert not strategy.divisible
    rows = np.arange(20)
    shuffled = np.concatenate([np.random.default_rng(0).permutation(part) for part in rows.reshape(4, 5)])
    moved = [strategy.block(strategy.broadcast(parameters), step_of(r), 0, 2)[0].copy() for r in (rows, shuffled)]
    assert np.array_equal(*moved)
    assert np.abs(moved[0]).max() > 0
