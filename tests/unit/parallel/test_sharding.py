"""Where a mini-batch is cut."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shared.parallel.sharding import block_width, default_shards, shard_bounds


@given(n_samples=st.integers(1, 500), shards=st.integers(1, 64))
def test_shards_are_contiguous_nearly_equal_and_none_is_empty(n_samples, shards):
    bounds = shard_bounds(n_samples, shards)
    lengths = np.diff(bounds)
    assert (bounds[0], bounds[-1]) == (0, n_samples)
    assert len(lengths) == min(shards, n_samples)
    assert lengths.min() >= 1
    assert lengths.max() - lengths.min() <= 1


def test_the_notebooks_mini_batch_has_two_shards():
    assert [default_shards(size) for size in (1, 3, 4, 10, 63, 64, 100, 512, 2048)] == [1, 1, 2, 2, 2, 4, 4, 4, 8]


@given(n_shards=st.integers(1, 200), workers=st.integers(1, 300))
def test_there_is_a_request_a_worker_if_there_are_the_shards_and_no_wider_ones_would_do(n_shards, workers):
    width = block_width(n_shards, workers)
    assert width.bit_count() == 1
    requests = -(-n_shards // width)
    assert requests >= min(workers, n_shards)
    assert width >= n_shards or -(-n_shards // (2 * width)) < min(workers, n_shards)


def test_one_worker_gets_all_shards_in_one_request():
    assert [block_width(shards, 1) for shards in (1, 2, 5, 16)] == [1, 2, 8, 16]


def test_as_many_workers_as_shards_get_one_each():
    assert [block_width(shards, shards) for shards in (1, 2, 5, 16)] == [1, 1, 1, 1]
