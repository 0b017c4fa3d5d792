"""Order, shards, tree and step: what decides the bits."""

import hashlib
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.gradients.pending import PendingStep
from shared.data.samples import VectorSamples
from shared.nn.parameters import Parameters
from shared.parallel.sgd import (
    Gradients,
    default_shards,
    epoch_order,
    initial_parameters,
    mini_batch_starts,
    sgd_step,
    shard_bounds,
    tree_sum,
)


def test_an_epochs_order_is_a_permutation_that_depends_on_seed_and_epoch_alone():
    orders = {(seed, epoch): epoch_order(seed, epoch, 1000).tolist() for seed in (0, 1) for epoch in (0, 1, 7)}
    assert all(sorted(order) == list(range(1000)) for order in orders.values())
    assert len({tuple(order) for order in orders.values()}) == len(orders)
    epoch_order.cache_clear()
    assert epoch_order(1, 7, 1000).tolist() == orders[1, 7]


def test_an_epochs_order_never_changes():
    """Recorded once: another value would make old runs unrepeatable."""
    assert epoch_order(0, 0, 10).tolist() == RECORDED_ORDER
    assert initial_parameters((3, 2), 0, np.float64).flat.tolist() == pytest.approx(RECORDED_WEIGHTS, rel=1e-15)


RECORDED_ORDER = [5, 3, 7, 8, 2, 4, 1, 0, 6, 9]
RECORDED_WEIGHTS = [
    1.3265118818830892,
    1.2048090979493156,
    -0.03910371209917862,
    -0.5194192970029236,
    -1.1132959094272785,
    -1.7673803015404892,
    0.15929546600623282,
    -1.7741885208017214,
]


@given(n_samples=st.integers(1, 500), shards=st.integers(1, 64))
def test_shards_are_contiguous_nearly_equal_and_none_is_empty(n_samples, shards):
    bounds = shard_bounds(n_samples, shards)
    lengths = np.diff(bounds)
    assert (bounds[0], bounds[-1]) == (0, n_samples)
    assert len(lengths) == min(shards, n_samples)
    assert lengths.min() >= 1
    assert lengths.max() - lengths.min() <= 1


def test_the_seeds_mini_batch_has_two_shards():
    assert [default_shards(size) for size in (1, 3, 4, 10, 63, 64, 100, 512, 2048)] == [1, 1, 2, 2, 2, 4, 4, 4, 8]


def test_the_last_mini_batch_may_be_shorter():
    assert list(mini_batch_starts(25, 10)) == [0, 10, 20]


def test_the_tree_pairs_neighbours():
    assert tree_of(1) == "0"
    assert tree_of(4) == "((0+1)+(2+3))"
    assert tree_of(5) == "(((0+1)+(2+3))+4)"
    assert tree_of(7) == "(((0+1)+(2+3))+((4+5)+6))"


class Term(str):
    def __add__(self, other: str) -> "Term":
        return Term(f"({self!s}+{other!s})")


def tree_of(count: int) -> str:
    return tree_sum(lambda number: Term(number), 0, count)  # type: ignore[arg-type,return-value]


@given(shards=st.integers(1, 33), workers=st.integers(1, 40), seed=st.integers(0, 2**32 - 1))
def test_blocks_of_any_number_of_workers_add_up_to_the_same_bits(shards, workers, seed):
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((shards, 3)).astype(np.float32) * 10.0 ** rng.integers(-6, 6, (shards, 1))
    whole = tree_sum(lambda number: vectors[number].copy(), 0, shards)
    requests = PendingStep(0, 0, rows=np.arange(shards), bounds=list(range(shards + 1)), workers=workers).unanswered()
    assert len(requests) >= min(workers, shards)
    blocks = [tree_sum(lambda number: vectors[number].copy(), request.first, request.stop) for request in requests]
    assert tree_sum(blocks.__getitem__, 0, len(blocks)).tobytes() == whole.tobytes()


@given(n_samples=st.integers(1, 24), shards=st.integers(1, 24), seed=st.integers(0, 2**32 - 1))
def test_any_split_of_a_mini_batch_gives_the_gradient_of_the_whole(n_samples, shards, seed):
    rng = np.random.default_rng(seed)
    samples = VectorSamples(rng.random((30, 6)), rng.random((30, 3)))
    parameters = initial_parameters((6, 5, 3), seed, np.float64)
    rows = rng.permutation(30)[:n_samples]
    whole, count = Gradients(samples, parameters.sizes, np.float64).block(parameters, rows, 1)
    split, split_count = Gradients(samples, parameters.sizes, np.float64).block(parameters, rows, shards)
    assert count == split_count == n_samples
    np.testing.assert_allclose(split, whole, rtol=1e-12, atol=1e-12)


def test_a_step_subtracts_the_mean_gradient_times_eta():
    parameters = Parameters((1, 1), np.float64)
    parameters.flat[:] = [1.0, 2.0]
    sgd_step(parameters, np.array([10.0, -20.0]), eta=3.0, n_samples=10)
    assert parameters.flat.tolist() == [1.0 - 3.0, 2.0 + 6.0]
    assert parameters.weights[0].tolist() == [[-2.0]]


def test_the_fingerprint_is_the_digest_of_the_layers_in_order():
    parameters = Parameters((2, 1, 1), np.float64)
    parameters.flat[:] = [1.0, 2.0, 3.0, 4.0, 5.0]
    (w_1, w_2), (b_1, b_2) = parameters.weights, parameters.biases
    assert (w_1.tolist(), b_1.tolist(), w_2.tolist(), b_2.tolist()) == ([[1, 2]], [[3]], [[4]], [[5]])
    assert parameters.sha256 == hashlib.sha256(struct.pack("<5d", 1, 2, 3, 4, 5)).hexdigest()
