"""Sums of operands as large as they can be: exact with the bits that they have, and not with one more.

In units a sum is one of whole numbers, and int64 adds these without rounding.
"""

from collections.abc import Callable

import numpy as np
import pytest

from shared.nn.arithmetic import exact as module
from shared.nn.grids import OUTPUT_BITS
from shared.nn.parameters import Parameters
from tests.support.exact import exact, exact_mlp, gradient

RNG = np.random.default_rng(0)
Bits = tuple[int, int, int]  # of the left operands, of the right ones, and of their number


def forward() -> Bits:
    """W @ a, with 8,192 inputs."""
    return exact((8192, 3, 2), 10).weight_bits, OUTPUT_BITS, 13


def back() -> Bits:
    """W.T @ delta, with 4,096 outputs."""
    arithmetic = exact((8, 4, 4096), 10)
    return arithmetic.weight_bits, arithmetic.delta_bits, 12


def of_samples() -> Bits:
    """delta @ a.T, with 65,536 samples."""
    return exact((8, 4, 2), 65_536).delta_bits, OUTPUT_BITS, 16


def large(bits: int, *shape: int) -> np.ndarray:
    """Numbers of a grid, in units: half of them the largest there is, half one less."""
    return (2**bits - RNG.integers(0, 2, shape)).astype(np.float64)


def in_all_ways(left: np.ndarray, right: np.ndarray) -> list[np.ndarray]:
    """The product of two matrices with its sums in their order, in others, in pieces, and by other functions."""
    count = left.shape[1]
    found = [left @ right, np.einsum("ij,jk->ik", left, right), (left[:, :, None] * right[None]).sum(1)]
    for seed in range(3):
        rng = np.random.default_rng(seed)
        order = rng.permutation(count)
        found.append(np.dot(left[:, order], right[order]))
        cuts = np.sort(rng.integers(0, count, 6))
        pieces = [left[:, rows] @ right[rows] for rows in np.split(order, cuts)]
        found.append(sum((pieces[number] for number in rng.permutation(len(pieces))), np.zeros_like(found[0])))
    running = np.zeros_like(found[0])
    for term in range(0, count, 16):  # a few terms at a time
        running += left[:, term : term + 16] @ right[term : term + 16]
    return [*found, running]


def integers_of(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return left.astype(np.int64) @ right.astype(np.int64)


def signs(*shape: int) -> np.ndarray:
    return RNG.choice([-1.0, 1.0], shape)


SUMS = [forward, back, of_samples]


@pytest.mark.parametrize("kind", SUMS)
def test_the_largest_sums_have_all_the_bits_that_there_are(kind: Callable[[], Bits]):
    """So nothing is given away, and one bit more is one too many."""
    assert sum(kind()) == 53


@pytest.mark.parametrize("kind", SUMS)
@pytest.mark.parametrize("signed", [False, True])
def test_the_largest_operands_have_the_same_exact_sums_in_any_order(kind: Callable[[], Bits], signed: bool):
    left_bits, right_bits, log2 = kind()
    left, right = large(left_bits, 4, 2**log2), large(right_bits, 2**log2, 3)
    left[0], right[:, 0] = 2.0**left_bits, 2.0**right_bits  # one sum is as large as any can be
    if signed:
        left, right = left * signs(*left.shape), right * signs(*right.shape)
    truth = integers_of(left, right)
    assert signed or truth.max() == 2**53
    for found in in_all_ways(left, right):
        assert np.array_equal(found.astype(np.int64), truth)


@pytest.mark.parametrize("kind", SUMS)
@pytest.mark.parametrize("more", [(1, 0, 0), (0, 1, 0), (0, 0, 1)])
def test_with_one_bit_more_their_order_would_matter(kind: Callable[[], Bits], more: Bits):
    """In the weights, deltas or outputs, or with twice as many operands."""
    left_bits, right_bits, log2 = (bits + one for bits, one in zip(kind(), more, strict=True))
    left, right = large(left_bits, 4, 2**log2), large(right_bits, 2**log2, 3)
    found = in_all_ways(left, right)
    assert any(not np.array_equal(each, found[0]) for each in found)
    assert any(not np.array_equal(each.astype(np.int64), integers_of(left, right)) for each in found)


def extreme(n_samples: int) -> tuple[Parameters, np.ndarray, np.ndarray]:
    """Inputs near 1 and deltas near 4/27, the largest there are, all of one sign: their sums are as large as can be."""
    parameters = Parameters((8, 2), np.float64)
    parameters.biases[0][...] = np.log(2)  # outputs are near 2/3
    weights = RNG.uniform(-1, 1, (2, 8))
    parameters.weights[0][...] = weights - weights.mean(1, keepdims=True)
    x = 1 - RNG.integers(0, 2**12, (8, n_samples)) * 2.0**-OUTPUT_BITS
    return parameters, x, np.zeros((2, n_samples))


def in_pieces(parameters: Parameters, x: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    """The gradient of samples in any order, in up to 21 pieces that are added in any order."""
    rng, n_samples = np.random.default_rng(seed), x.shape[1]
    mlp, total = exact_mlp(parameters.sizes, n_samples), np.zeros_like(parameters.flat)
    for rows in np.split(rng.permutation(n_samples), np.sort(rng.integers(0, n_samples, 20))):
        if len(rows):
            total += gradient(mlp, parameters, x[:, rows], y[:, rows])
    return total


def with_bits(monkeypatch: pytest.MonkeyPatch, weights: int = 0, deltas: int = 0) -> None:
    """Give all networks so many bits more."""
    enough = module.bits

    def more(sizes: tuple[int, ...], most_samples: int) -> tuple[int, int]:
        w, d = enough(sizes, most_samples)
        return w + weights, d + deltas

    monkeypatch.setattr(module, "bits", more)


N_SAMPLES = 65_536


def test_a_mini_batch_of_65536_samples_may_be_cut_anywhere():
    parameters, x, y = extreme(N_SAMPLES)
    whole = gradient(exact_mlp(parameters.sizes, N_SAMPLES), parameters, x, y)
    assert whole.max() > 0.14 * N_SAMPLES  # of 4/27 that there can be
    for seed in range(3):
        assert np.array_equal(in_pieces(parameters, x, y, seed), whole)


def test_with_one_bit_more_in_the_deltas_it_may_not(monkeypatch):
    with_bits(monkeypatch, deltas=1)
    parameters, x, y = extreme(N_SAMPLES)
    whole = gradient(exact_mlp(parameters.sizes, N_SAMPLES), parameters, x, y)
    assert any(not np.array_equal(in_pieces(parameters, x, y, seed), whole) for seed in range(3))


def test_nor_in_a_mini_batch_that_is_twice_as_large_as_was_said():
    parameters, x, y = extreme(2 * N_SAMPLES)
    mlp, rng = exact_mlp(parameters.sizes, N_SAMPLES), np.random.default_rng(0)

    def total(parts: int) -> np.ndarray:
        gradients = (
            gradient(mlp, parameters, x[:, rows], y[:, rows])
            for rows in np.array_split(rng.permutation(2 * N_SAMPLES), parts)
        )
        return sum(gradients, np.zeros_like(parameters.flat))

    assert not np.array_equal(total(2), total(21))


def test_a_larger_mini_batch_than_was_said_is_refused():
    parameters, x, y = extreme(N_SAMPLES + 1)
    with pytest.raises(ValueError, match=f"of {N_SAMPLES} samples at most, not {N_SAMPLES + 1}"):
        gradient(exact_mlp(parameters.sizes, N_SAMPLES), parameters, x, y)


@pytest.mark.parametrize("more", [0, 1])
def test_8192_inputs_may_come_in_any_order_but_with_one_bit_more_in_the_weights_not(monkeypatch, more):
    """Weights and inputs near 1, the largest there are, all of one sign."""
    with_bits(monkeypatch, weights=more)
    parameters = Parameters((8192, 40, 2), np.float64)
    parameters.flat[:] = RNG.uniform(0.99, 1, len(parameters.flat))
    x = 1 - RNG.integers(0, 2**12, (8192, 5)) * 2.0**-OUTPUT_BITS
    w = exact_mlp(parameters.sizes, 5).rounded(parameters).weights[0]
    sums = w @ x
    orders = [np.random.default_rng(seed).permutation(8192) for seed in range(5)]
    assert all(np.array_equal(w[:, order] @ x[order], sums) for order in orders) == (more == 0)
