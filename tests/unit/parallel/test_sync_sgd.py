"""The gradient of a mini-batch, whole and in shards."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shared.data.samples import VectorSamples
from shared.parallel.sgd import Gradients, initial_parameters


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
