"""Where a mini-batch is cut."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from shared.parallel.sgd import default_shards, shard_bounds


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
