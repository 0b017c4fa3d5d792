"""All that happens to the weights in a step: in which order, in which blocks, and to which of them."""

import math

import numpy as np
import pytest

from shared.nn.parameters import Parameters
from shared.optim.averaging import next_share
from shared.optim.clipping import clipping_factor, limit_rows
from shared.optim.optimizers import SGD, AdamW, Nesterov
from shared.optim.penalties import NO_PENALTIES, Penalties
from shared.optim.update import Update, averaged, blocks
from tests.support.optimizers import TRIED

SIZES = (17, 11, 5)
COUNT = Parameters.count(SIZES)
DTYPES = (np.float32, np.float64)


def parameters(dtype=np.float64, seed=0):
    values = np.random.default_rng(seed).standard_normal(COUNT).astype(dtype)
    return Parameters(SIZES, dtype, values)


def trained(update, dtype=np.float64, steps=7, count=3):
    """The weights and the state after a few steps."""
    rng, of = np.random.default_rng(1), parameters(dtype)
    state = update.initial_state(of.flat)
    for step in range(steps):
        update(of, state, rng.standard_normal(COUNT).astype(dtype), count, 0.1 / (step + 1))
    return of, state


@pytest.mark.parametrize("dtype", DTYPES)
def test_plain_sgd_is_two_passes_and_remembers_nothing(dtype):
    """The bits of the notebook's job."""
    of, state = trained(Update(SGD(), SIZES, dtype), dtype)
    rng, expected = np.random.default_rng(1), parameters(dtype).flat
    for step in range(7):
        gradient = rng.standard_normal(COUNT).astype(dtype)
        gradient *= 0.1 / (step + 1) / 3
        expected -= gradient
    assert (of.flat.tobytes(), state) == (expected.tobytes(), {})


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("around", [{}, {"clip_norm": 0.5, "max_norm": 1.5, "ema": 0.9}], ids=["alone", "with all"])
@pytest.mark.parametrize("penalties", [NO_PENALTIES, Penalties(0.01, 0.02)], ids=["without", "with penalties"])
@pytest.mark.parametrize("optimizer", TRIED, ids=str)
def test_the_size_of_blocks_decides_no_bit(optimizer, penalties, around, dtype):
    itemsize = np.dtype(dtype).itemsize
    results = []
    for length in (1, 3, 64, COUNT - 1, COUNT, 10**6):
        of, state = trained(
            Update(optimizer, SIZES, dtype, penalties=penalties, block=length * itemsize, **around), dtype
        )
        results.append((of.flat.tobytes(), {name: vector.tobytes() for name, vector in state.items()}))
    assert all(result == results[0] for result in results)


@pytest.mark.parametrize("optimizer", TRIED, ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_optimizer_goes_down_and_keeps_the_dtype(optimizer, dtype):
    """On |w|² / 2, whose gradient is w."""
    update, of = Update(optimizer, SIZES, dtype, clip_norm=10.0, max_norm=5.0, ema=0.5), parameters(dtype)
    state = update.initial_state(of.flat)
    for _ in range(400):
        update(of, state, 7 * of.flat, 7, 0.02)
    assert np.abs(of.flat).max() < 0.1
    assert of.flat.dtype == state["average"].dtype == np.dtype(dtype)


def test_the_gradient_is_divided_by_what_it_was_summed_over():
    """Also by a sum of weights, which is no whole number."""
    for count in (4, 2.5):
        of = parameters()
        expected = of.flat - 0.25 * (0.5 * np.arange(COUNT) / count)
        update = Update(Nesterov(0.0), SIZES, np.float64)
        update(of, {}, 0.5 * np.arange(COUNT), count, 0.25)
        np.testing.assert_allclose(of.flat, expected, rtol=1e-13)


def test_penalties_are_of_the_weights_and_not_of_the_biases():
    of, before = parameters(), parameters()
    of.weights[0][0, 0] = before.weights[0][0, 0] = 0.0  # where |w| has no derivative, and nothing is added
    Update(SGD(), SIZES, np.float64, penalties=Penalties(0.3, 0.2))(of, {}, np.zeros(COUNT), 1, 0.5)
    for now, then in zip(of.weights, before.weights, strict=True):
        np.testing.assert_allclose(now, then - 0.5 * (0.3 * np.sign(then) + 0.2 * then), rtol=1e-13, atol=1e-15)
    for now, then in zip(of.biases, before.biases, strict=True):
        assert (now == then).all()


def test_penalties_are_derivatives_of_the_cost():
    """By finite differences of what the options say."""
    penalties, w, h = Penalties(0.3, 0.2), np.array([0.7, -1.2, 3.0]), 1e-6

    def cost(weights):
        return 0.3 * np.abs(weights).sum() + 0.2 / 2 * (weights**2).sum()

    gradient = np.zeros(3)
    penalties.add(w, gradient, np.empty(3))
    slopes = [(cost(w + h * unit) - cost(w - h * unit)) / (2 * h) for unit in np.eye(3)]
    np.testing.assert_allclose(gradient, slopes, rtol=1e-7)


def test_l2_alone_is_nielsens_factor():
    """w (1 - eta lambda / n)."""
    of, before = parameters(), parameters()
    Update(SGD(), SIZES, np.float64, penalties=Penalties(l2=5.0 / 50_000))(of, {}, np.zeros(COUNT), 10, 0.5)
    np.testing.assert_allclose(of.weights[0], before.weights[0] * (1 - 0.5 * 5.0 / 50_000), rtol=1e-14)


def test_adamw_decays_weights_and_no_biases():
    of, before = parameters(), parameters()
    update = Update(AdamW(weight_decay=0.5), SIZES, np.float64)
    update(of, update.initial_state(of.flat), np.zeros(COUNT), 1, 0.1)
    np.testing.assert_allclose(of.weights[1], before.weights[1] * (1 - 0.1 * 0.5), rtol=1e-14)
    assert (of.biases[1] == before.biases[1]).all()


def test_the_mean_gradient_is_clipped_and_the_penalty_is_not():
    of, before = parameters(), parameters()
    total = np.full(COUNT, 8.0)  # mean 2, of norm 2 sqrt(COUNT)
    update = Update(SGD(), SIZES, np.float64, penalties=Penalties(l2=0.2), clip_norm=1.0)
    update(of, {}, total, 4, 1.0)
    clipped = 1 / math.sqrt(COUNT)
    np.testing.assert_allclose(of.biases[0], before.biases[0] - clipped, rtol=1e-12)
    np.testing.assert_allclose(of.weights[0], before.weights[0] * 0.8 - clipped, rtol=1e-12, atol=1e-12)


def test_a_gradient_that_is_short_enough_stays_to_the_bit():
    gradient = np.array([3.0, -4.0])
    assert clipping_factor(gradient, 1, 5.0) == clipping_factor(gradient, 10, 0.5) == 1
    assert clipping_factor(gradient, 1, 4.0) == 4.0 / 5.0
    assert clipping_factor(gradient, 2, 0.5) == 0.5 / 2.5


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_gradient_that_is_not_finite_is_not_hidden_by_clipping(number):
    of, gradient = parameters(), np.ones(COUNT)
    gradient[5] = number
    with np.errstate(all="ignore"):
        Update(SGD(), SIZES, np.float64, clip_norm=1.0)(of, {}, gradient, 1, 0.1)
    assert not np.isfinite(of.flat).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_weights_into_a_neuron_are_shortened_and_others_stay_to_the_bit(dtype):
    of, before = parameters(dtype), parameters(dtype)
    limit = 1.0001 * float(np.median(np.linalg.norm(of.weights[0], axis=1)))  # so that rounding decides nothing
    limit_rows(of.weights, limit)
    for now, then in zip(of.weights, before.weights, strict=True):
        lengths = np.linalg.norm(then.astype(np.float64), axis=1)
        np.testing.assert_allclose(np.linalg.norm(now, axis=1), np.minimum(lengths, limit), rtol=1e-6)
        for row, old, length in zip(now, then, lengths, strict=True):
            assert (row == old).all() == (length <= limit)
    assert [each.tolist() for each in of.biases] == [each.tolist() for each in before.biases]


def test_weights_are_limited_before_they_are_averaged():
    """The average lies within the limit as well."""
    update = Update(SGD(), SIZES, np.float64, max_norm=1.0, ema=0.9)
    of, state = trained(update, steps=300)
    for layers in (of.weights, averaged(of, state).weights):
        assert max(np.linalg.norm(each, axis=1).max() for each in layers) < 1 + 1e-12


def test_the_average_follows_the_weights():
    """avg += (1 - decay) (w - avg), where decay is min(0.9, (1 + t) / (10 + t)); each weight by itself."""
    update, of, rng = Update(SGD(), SIZES, np.float64, ema=0.9), parameters(), np.random.default_rng(1)
    state, expected = update.initial_state(of.flat), of.flat.copy()
    assert (averaged(of, state).flat == of.flat).all()
    for t in range(200):
        update(of, state, rng.standard_normal(COUNT), 2, 0.3)
        decay = min(0.9, (1 + t) / (10 + t))
        expected = decay * expected + (1 - decay) * of.flat
        np.testing.assert_allclose(averaged(of, state).flat, expected, rtol=1e-11, atol=1e-13)
    assert state["updates"].tolist() == [200.0]


def test_the_share_of_a_step_falls_to_what_the_decay_leaves():
    state = {"updates": np.zeros(1)}
    shares = [next_share(0.75, state) for _ in range(40)]
    assert shares[0] == 1 - 1 / 10
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] == 0.25


def test_without_an_average_the_weights_themselves_are_evaluated():
    of = parameters()
    assert averaged(of, {}) is of


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("length", [1, 7, 100, 10**6])
def test_blocks_cover_everything_once_and_know_what_they_hold(length, apart):
    weights = Parameters(SIZES, np.float64)
    for each in weights.weights:
        each[:] = 1
    covered = np.zeros(COUNT, int)
    for span, has_weights in blocks(SIZES, length, apart):
        covered[span] += 1
        assert 0 < span.stop - span.start <= length
        if apart:
            assert (weights.flat[span] == has_weights).all()
    assert (covered == 1).all()
