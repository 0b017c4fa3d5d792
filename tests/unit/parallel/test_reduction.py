"""The tree that decides the bits of a sum."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.nn.parameters import Parameters
from shared.parallel.reduction import TreeReducer, tree_sum
from shared.parallel.sharding import block_width

SIZES = (1, 1)  # a weight and a bias


class Term(str):
    def __add__(self, other: str) -> "Term":
        return Term(f"({self!s}+{other!s})")


def tree_of(count: int) -> str:
    return tree_sum(lambda number: Term(number), 0, count)  # type: ignore[arg-type,return-value]


def test_the_tree_pairs_neighbours():
    assert tree_of(1) == "0"
    assert tree_of(4) == "((0+1)+(2+3))"
    assert tree_of(5) == "(((0+1)+(2+3))+4)"
    assert tree_of(7) == "(((0+1)+(2+3))+((4+5)+6))"


def vectors_of(count: int, seed: int) -> np.ndarray:
    """Numbers whose sum shows in which order they were added."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, 2)).astype(np.float32) * 10.0 ** rng.integers(-6, 6, (count, 1), np.int8).astype(
        np.float32
    )


def sum_of(vectors: np.ndarray, first: int, stop: int) -> np.ndarray:
    return tree_sum(lambda number: vectors[number].copy(), first, stop)


def reduced(reducer: TreeReducer, vectors: np.ndarray, first: int, stop: int) -> np.ndarray:
    def write(number: int, out: Parameters) -> None:
        out.flat[:] = vectors[number]

    return reducer.sum(write, first, stop)


@given(count=st.integers(1, 70), seed=st.integers(0, 2**32 - 1), data=st.data())
def test_a_reducer_adds_in_the_trees_order(count, seed, data):
    vectors = vectors_of(count, seed)
    first = data.draw(st.integers(0, count - 1))
    stop = data.draw(st.integers(first + 1, count))
    total = reduced(TreeReducer(SIZES, np.float32), vectors, first, stop)
    assert total.tobytes() == sum_of(vectors, first, stop).tobytes()


@given(count=st.integers(1, 70), seed=st.integers(0, 2**32 - 1), data=st.data())
def test_any_cut_into_aligned_blocks_of_one_width_gives_the_same_bits(count, seed, data):
    """Whatever the number of workers, each block is a node of the tree."""
    vectors = vectors_of(count, seed)
    width = 1 << data.draw(st.integers(0, 7))
    reducer = TreeReducer(SIZES, np.float32)
    blocks = [reduced(reducer, vectors, first, min(first + width, count)).copy() for first in range(0, count, width)]
    assert sum_of(np.array(blocks), 0, len(blocks)).tobytes() == sum_of(vectors, 0, count).tobytes()


def test_a_block_that_is_not_aligned_would_give_other_bits():
    """So the tests above can fail."""
    vectors = np.array([[1e8, 0], [-1e8, 0], [1, 0], [1, 0]], np.float32)
    aligned = sum_of(vectors, 0, 4)
    crooked = sum_of(vectors, 0, 1) + sum_of(vectors, 1, 4)
    assert aligned.tolist() != crooked.tolist()


def test_a_reducer_keeps_one_vector_for_each_level_of_the_tree():
    """Also when it is used again: what it gave is overwritten."""
    reducer = TreeReducer(SIZES, np.float32)
    vectors = vectors_of(64, 0)
    first = reduced(reducer, vectors, 0, 64)
    assert len(reducer._buffers) == 7
    again = reduced(reducer, vectors, 0, 64)
    assert again is first
    assert len(reducer._buffers) == 7


@pytest.mark.parametrize(("shards", "workers", "width"), [(16, 1, 16), (16, 4, 4), (16, 5, 2), (3, 2, 2), (1, 9, 1)])
def test_the_blocks_of_requests_are_such_a_cut(shards, workers, width):
    assert block_width(shards, workers) == width
