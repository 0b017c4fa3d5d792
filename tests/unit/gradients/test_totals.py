"""Sums of gradients, and the memory that these came in."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.gradients.totals import RunningTotal, Total, TreeTotal
from shared.parallel.reduction import tree_sum
from shared.parallel.sharding import block_width


def message(number: float) -> tuple[np.ndarray, np.ndarray]:
    """Memory, and a gradient in it."""
    memory = np.full(8, number)
    return memory, memory[2:5]


@pytest.mark.parametrize("kind", [RunningTotal, TreeTotal])
def test_in_the_end_all_is_added_and_all_memory_is_free_once(kind):
    free: list[np.ndarray] = []
    total: Total = kind(free)
    messages = [message(number) for number in (1.0, 2.0, 4.0)]
    for first in (2, 0, 1):
        total.add(first, *messages[first])
    np.testing.assert_array_equal(total.sum(), [7.0, 7.0, 7.0])
    assert sorted(map(id, free)) == sorted(id(memory) for memory, _ in messages)


def test_a_running_total_gives_memory_back_at_once():
    free: list[np.ndarray] = []
    total = RunningTotal(free)
    (first, gradient), (second, other) = message(1.0), message(2.0)
    total.add(5, first, gradient)
    assert free == []  # the sum is in it
    total.add(0, second, other)
    assert [memory is second for memory in free] == [True]
    assert np.shares_memory(total.sum(), first)


@given(shards=st.integers(1, 33), workers=st.integers(1, 40), seed=st.integers(0, 2**32 - 1), order=st.randoms())
def test_blocks_of_any_number_of_workers_in_any_order_add_up_to_the_same_bits(shards, workers, seed, order):
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((shards, 3)).astype(np.float32) * 10.0 ** rng.integers(-6, 6, (shards, 1))
    whole = tree_sum(lambda number: vectors[number].copy(), 0, shards)
    width = block_width(shards, workers)
    blocks = [(first, min(first + width, shards)) for first in range(0, shards, width)]
    order.shuffle(blocks)
    total = TreeTotal([])
    for first, stop in blocks:
        block = tree_sum(lambda number: vectors[number].copy(), first, stop)
        total.add(first, block, block)
    assert total.sum().tobytes() == whole.tobytes()
