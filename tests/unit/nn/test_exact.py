"""Exact arithmetic against Python's integers; what bounds its numbers; and that no order can matter."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import DivergedError
from shared.nn.activations import ACTIVATIONS
from shared.nn.arithmetic import exact as module
from shared.nn.arithmetic.exact import Exact
from shared.nn.evaluation import evaluate
from shared.nn.grids import bits_of
from shared.nn.losses import LOSSES
from shared.nn.parameters import Parameters
from tests.support.exact import architecture, exact, exact_mlp, gradient, parameters_of, samples_of
from tests.support.integers import Integers, fractions
from tests.support.learning import SAMPLES

SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.lists(st.integers(1, 6), min_size=2, max_size=4).map(tuple)
SCALES = st.sampled_from([2.0**-70, 1e-3, 0.3, 1.0, 8.0, 300.0, 2.0**28])


KINDS = [(activation, output, loss) for activation in ACTIVATIONS for loss in LOSSES for output in LOSSES[loss].outputs]


def truth(parameters: Parameters, arithmetic: Exact, *kinds: str) -> Integers:
    return Integers(parameters, arithmetic.weight_bits, arithmetic.delta_bits, *kinds)


@pytest.mark.parametrize("kinds", KINDS, ids=" ".join)
@settings(max_examples=25)
@given(sizes=SIZES, n_samples=st.integers(1, 5), seed=SEEDS, scale=SCALES)
def test_forward_pass_and_gradient_are_those_of_pythons_integers(kinds, sizes, n_samples, seed, scale):
    parameters, (x, y) = parameters_of(sizes, seed, scale), samples_of(sizes, n_samples, seed)
    mlp = exact_mlp(sizes, n_samples, *kinds)
    expected = truth(parameters, mlp.arithmetic, *kinds)
    outputs = mlp.forward(mlp.rounded(parameters), x)
    for ours, theirs in zip(outputs, expected.forward(fractions(x)), strict=True):
        assert fractions(ours) == theirs
    assert gradient(mlp, parameters, x, y).tolist() == expected.gradient(fractions(x), fractions(y))


def test_so_is_the_gradient_of_a_layer_that_is_worked_on_in_blocks():
    """Of 8,192 outputs: 300 samples make blocks of 27 neurons."""
    sizes, n_samples = (2, 30, 2), 300
    parameters, (x, y) = parameters_of(sizes, 1), samples_of(sizes, n_samples, 2)
    mlp = exact_mlp(sizes, n_samples)
    expected = truth(parameters, mlp.arithmetic).gradient(fractions(x), fractions(y))
    assert gradient(mlp, parameters, x, y).tolist() == expected


@pytest.mark.parametrize("kinds", KINDS, ids=" ".join)
@settings(max_examples=25)
@given(sizes=SIZES, seed=SEEDS, scale=SCALES)
def test_weights_and_limits_are_those_of_pythons_integers(kinds, sizes, seed, scale):
    parameters, arithmetic = parameters_of(sizes, seed, scale), exact(sizes, 10, *kinds)
    expected = truth(parameters, arithmetic, *kinds)
    layers = Parameters(sizes, np.float64, arithmetic.weights(parameters.flat))
    assert [fractions(w) for w in layers.weights] == expected.weights
    assert [[row[0] for row in fractions(b)] for b in layers.biases] == expected.biases
    assert list(arithmetic.delta_limits(layers.weights)) == [float(limit) for limit in expected.limits]


COUNTS = st.one_of(st.integers(1, 3000), st.sampled_from([2**k + more for k in range(12, 21) for more in (-1, 0, 1)]))


@given(sizes=st.lists(COUNTS, min_size=2, max_size=5), most_samples=COUNTS)
def test_the_bits_leave_room_for_all_sums_and_are_not_fewer_than_needed(sizes, most_samples):
    """The three conditions of the proof; and one bit more in either would break one of them."""
    w, d = module.bits(sizes, most_samples)

    def fits(w: int, d: int) -> bool:
        return (
            w <= 24  # exact as float32
            and all(w + 18 + bits_of(n_in) <= 53 for n_in in sizes[:-1])
            and all(w + d + bits_of(n_out) <= 53 for n_out in sizes[2:])
            and d + 18 + bits_of(most_samples) <= 53
        )

    assert fits(w, d)
    assert not fits(w, d + 1)
    if len(sizes) == 2:
        assert not fits(w + 1, d)
    assert min(w, d) >= 14


@given(sizes=SIZES, seed=SEEDS, scale=SCALES)
def test_rounded_weights_are_exact_as_float32_and_rounding_them_again_changes_nothing(sizes, seed, scale):
    parameters = parameters_of(sizes, seed, scale)
    once = exact(sizes, 10).weights(parameters.flat).copy()
    single = once.astype(np.float32)
    assert np.array_equal(single.astype(np.float64), once)
    assert np.array_equal(exact(sizes, 1000).weights(single.astype(np.float64)), once)  # whatever the mini-batch
    unit = np.abs(parameters.flat).max() / 2**24
    assert np.abs(once - parameters.flat).max() <= max(unit, 2.0**-88)


@pytest.mark.parametrize("largest", [1.0, 1.0 + 2.0**-30, 2.0 - 2.0**-30, 0.75, 2.0**-100, 0.0, 2.0**38])
def test_the_largest_weight_may_be_anywhere_between_two_powers_of_two(largest):
    flat = np.array([largest, -largest / 3, largest / 7, 0.0])
    arithmetic = exact((1, 2), 10)
    once = arithmetic.weights(flat).copy()
    assert np.array_equal(arithmetic.weights(once.copy()), once)
    assert np.array_equal(once.astype(np.float32), once)


def test_weights_of_one_network_do_not_overwrite_those_of_another():
    parameters = parameters_of((40, 30, 20), 0)
    one, other = exact_mlp((40, 30, 20), 10), exact_mlp((40, 30, 20), 10)
    first = one.rounded(parameters)
    before = first.flat.copy()
    other.rounded(parameters_of((40, 30, 20), 1))
    assert np.array_equal(first.flat, before)
    assert one.rounded(parameters) is first  # its memory is used again


def test_many_weights_are_rounded_part_by_part_and_none_is_left_out():
    flat = np.random.default_rng(0).standard_normal(100_001)
    rounded = exact((100_000, 1), 10).weights(flat)
    whole = np.rint(flat * 2**18 / 8) * 8 / 2**18  # 53 - 18 - 17 bits, and the largest lies between 4 and 8
    assert 4 < np.abs(flat).max() < 8
    assert np.array_equal(rounded, whole)


class Watching(Exact):
    """Looks at how near deltas come to their limits."""

    nearest = 0.0

    def round_delta(self, delta: np.ndarray, limit: float) -> None:
        super().round_delta(delta, limit)
        self.nearest = max(self.nearest, float(np.abs(delta).max()) / limit)


def nearest(parameters: Parameters, x: np.ndarray, y: np.ndarray, *kinds: str) -> float:
    arithmetic = Watching(architecture(parameters.sizes, *kinds), np.float64, x.shape[1])
    gradient(exact_mlp(parameters.sizes, x.shape[1], *kinds, arithmetic=arithmetic), parameters, x, y)
    return arithmetic.nearest


@pytest.mark.parametrize("kinds", KINDS, ids=" ".join)
@settings(max_examples=25)
@given(sizes=st.lists(st.integers(1, 40), min_size=2, max_size=5).map(tuple), seed=SEEDS, scale=SCALES)
def test_no_delta_exceeds_its_limit(kinds, sizes, seed, scale):
    """Random weights, small ones, and so large ones that all neurons are saturated."""
    assert nearest(parameters_of(sizes, seed, scale), *samples_of(sizes, 20, seed), *kinds) <= 1


def adversarial(sizes: tuple[int, ...], size: float) -> tuple[Parameters, np.ndarray, np.ndarray]:
    """Errors that add up to what they can in every layer before the last: weights of one sign into every neuron.

    Sums are 0 in the hidden layers, where the sigmoid is steepest, as the biases take back what the weights bring; in
    the last layer outputs are 2/3 and 0 is wanted, where the cost's derivative is largest, 4/27.
    """
    parameters, x = Parameters(sizes, np.float64), np.ones((sizes[0], 7))
    above = 1.0
    for layer, (w, b) in enumerate(zip(parameters.weights, parameters.biases, strict=True)):
        w[...] = size
        b[...] = -w.sum(1, keepdims=True) * above
        above = 0.5
        if layer == len(sizes) - 2:
            b += math.log(2)
    return parameters, x, np.zeros((sizes[-1], 7))


@pytest.mark.parametrize("sizes", [(1, 1), (3, 4, 8), (2, 8, 16, 4), (1, 2, 4, 8, 16)])
@pytest.mark.parametrize("size", [2.0**-10, 1.0, 64.0])
def test_nor_does_one_that_is_as_large_as_it_can_be(sizes, size):
    assert 0.5 < nearest(*adversarial(sizes, size)) <= 1


def test_half_a_limit_would_be_exceeded(monkeypatch):
    """So the tests above can fail."""
    of_weights = Exact.delta_limits
    monkeypatch.setattr(Exact, "delta_limits", lambda self, weights: [each / 2 for each in of_weights(self, weights)])
    assert nearest(*adversarial((3, 4, 8), 1.0)) > 1


def pieces(n_samples: int, data: st.DataObject) -> list[np.ndarray]:
    """The samples in any order, cut anywhere, the pieces in any order."""
    order = np.array(data.draw(st.permutations(range(n_samples))))
    cuts = sorted({0, n_samples, *data.draw(st.lists(st.integers(0, n_samples), max_size=6))})
    return data.draw(st.permutations([order[first:stop] for first, stop in pairwise(cuts)]))


@given(
    data=st.data(),
    kinds=st.sampled_from(KINDS),
    sizes=st.sampled_from([(5, 3), (20, 17, 3), (9, 8, 7, 6)]),
    seed=SEEDS,
    scale=SCALES,
)
def test_any_cut_of_a_mini_batch_in_any_order_gives_the_same_gradient(data, kinds, sizes, seed, scale):
    n_samples = 24
    parameters, (x, y) = parameters_of(sizes, seed, scale), samples_of(sizes, n_samples, seed)
    whole = gradient(exact_mlp(sizes, n_samples, *kinds), parameters, x, y)
    workers = [exact_mlp(sizes, n_samples, *kinds) for _ in range(2)]
    total = np.zeros_like(whole)
    for number, rows in enumerate(pieces(n_samples, data)):
        total += gradient(workers[number % 2], parameters, x[:, rows], y[:, rows])
    assert np.array_equal(total, whole)


@given(data=st.data(), seed=SEEDS)
def test_the_order_of_the_neurons_does_not_matter_either(data, seed):
    """Renumbering inputs and hidden neurons renumbers the gradient: that permutes every sum there is."""
    sizes, n_samples = (12, 9, 5), 8
    inputs, hidden = (np.array(data.draw(st.permutations(range(n)))) for n in sizes[:2])
    parameters, (x, y) = parameters_of(sizes, seed), samples_of(sizes, n_samples, seed)
    other = Parameters(sizes, np.float64)
    other.weights[0][...] = parameters.weights[0][np.ix_(hidden, inputs)]
    other.weights[1][...] = parameters.weights[1][:, hidden]
    other.biases[0][...], other.biases[1][...] = parameters.biases[0][hidden], parameters.biases[1]
    mlp = exact_mlp(sizes, n_samples)
    ours = Parameters(sizes, np.float64, gradient(mlp, parameters, x, y))
    theirs = Parameters(sizes, np.float64, gradient(mlp, other, x[inputs], y))
    assert np.array_equal(theirs.weights[0], ours.weights[0][np.ix_(hidden, inputs)])
    assert np.array_equal(theirs.weights[1], ours.weights[1][:, hidden])
    assert np.array_equal(theirs.biases[0], ours.biases[0][hidden])


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e30, -1e30])
def test_weights_that_are_too_large_or_no_numbers_have_diverged(bad):
    parameters = parameters_of((4, 3, 2), 0)
    parameters.flat[7] = bad
    with np.errstate(all="ignore"), pytest.raises(DivergedError, match="a weight has grown to") as diverged:
        exact_mlp((4, 3, 2), 10).rounded(parameters)
    assert "give a smaller learning rate" in str(diverged.value)
    assert "\n" not in str(diverged.value)


@pytest.mark.parametrize("sizes", [(1, 1), (8, 3), (4096, 2, 3)])
def test_the_largest_weights_that_are_taken_are_looked_up_rightly(sizes):
    """All inputs 1, all weights and biases as large as they may be: sums come near 2^45, where look-up ends."""
    arithmetic = exact(sizes, 3)
    largest = 2.0**44 / 2 ** bits_of(max(sizes))
    parameters = Parameters(sizes, np.float64)
    parameters.flat[:] = largest
    for sign, expected in ((1.0, 1.0), (-1.0, 0.0)):
        signed = Parameters(sizes, np.float64, sign * parameters.flat)
        mlp = exact_mlp(sizes, 3, arithmetic=arithmetic)
        assert (mlp.forward(mlp.rounded(signed), np.ones((sizes[0], 3)))[1] == expected).all()
    parameters.flat[0] = np.nextafter(largest, np.inf)
    with pytest.raises(DivergedError):
        arithmetic.weights(parameters.flat)


def test_saturated_outputs_do_not_tie():
    """Their sums tell them apart, where their values are all 1."""
    parameters = Parameters((1, 4), np.float64)
    parameters.biases[0][:, 0] = [20.0, 40.0, 41.0, 30.0]
    mlp, x = exact_mlp((1, 4), 1), np.zeros((1, 1))
    layers = mlp.rounded(parameters)
    assert mlp.forward(layers, x)[-1].ravel().tolist() == [1.0] * 4
    assert mlp.predict(layers, x).tolist() == [2]


def test_the_largest_output_is_that_of_the_largest_sum():
    """Where outputs differ, which they do but for saturation and neighbours on the grid."""
    sizes, n_samples = (12, 5, 3), 500
    mlp, layers = exact_mlp(sizes, n_samples), parameters_of(sizes, 3)
    x, _ = samples_of(sizes, n_samples, 4)
    layers = mlp.rounded(layers)
    outputs = np.sort(mlp.forward(layers, x)[-1].copy(), 0)
    clear = outputs[-1] > outputs[-2]
    best = mlp.forward(layers, x)[-1].argmax(0)
    assert clear.sum() > 450
    assert np.array_equal(mlp.predict(layers, x)[clear], best[clear])


def test_evaluation_counts_what_is_predicted():
    mlp, parameters = exact_mlp((12, 5, 3), 6), parameters_of((12, 5, 3), 5)
    layers, rows = mlp.rounded(parameters), np.arange(len(SAMPLES))
    x = SAMPLES.inputs(rows, mlp.inputs)
    expected = int((mlp.predict(layers, x) == SAMPLES.labels).sum())
    assert evaluate(mlp, layers, SAMPLES)[::2] == (expected, len(SAMPLES))
    assert 0 < expected < len(SAMPLES)


@pytest.mark.parametrize("weight", [2.0**-63, 2.0**-64])
def test_many_layers_of_tiny_weights_leave_limits_that_floats_can_hold(weight):
    """A limit below 2^-1022 would be one of fewer bits, or none."""
    sizes = (30, *[16] * 20, 1)
    parameters = Parameters(sizes, np.float64)
    parameters.flat[:] = weight
    mlp = exact_mlp(sizes, 20)
    assert min(mlp.arithmetic.delta_limits(mlp.rounded(parameters).weights)) >= 2.0**-64
    x, y = samples_of(sizes, 20, 0)
    whole = gradient(mlp, parameters, x, y)
    parts = [gradient(mlp, parameters, x[:, rows], y[:, rows]).copy() for rows in (slice(0, 3), slice(3, 20))]
    assert np.array_equal(sum(parts), whole)


def test_networks_whose_deltas_get_lost_are_told_from_others():
    def lost(*sizes: int) -> float:
        mlp = exact_mlp(sizes, 10)
        return mlp.arithmetic.coarsest_delta(mlp.rounded(parameters_of(sizes, 0)).weights)

    assert lost(784, 30, 10) < lost(784, 1000, 1000, 10) < 2.0**-8 < lost(784, *[1000] * 6, 10)
