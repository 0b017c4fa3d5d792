"""Which samples become those of which part."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.data.splits import split


@given(
    st.integers(1, 200), st.floats(0, 0.5), st.floats(0, 0.49), st.integers(0, 2**64 - 1), st.integers(1, 5) | st.none()
)
def test_each_sample_is_in_one_part_and_each_class_has_its_share(n, test, validation, seed, n_classes):
    classes = None if n_classes is None else np.random.default_rng(0).integers(0, n_classes, n)
    found = split(n, test, validation, seed, classes)
    assert sorted(np.concatenate(found)) == list(range(n))
    assert len(found.training) > 0
    assert all((np.diff(rows) > 0).all() for rows in found)
    assert len(found.test) == pytest.approx(test * n, abs=1)
    for label in range(n_classes or 0):
        count = np.count_nonzero(classes == label)
        got = np.count_nonzero(classes[found.test] == label)
        assert abs(got - count * len(found.test) / n) < 1


def test_the_seed_decides_and_nothing_else():
    one, same, other = (split(100, 0.2, 0.1, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    assert not np.array_equal(one.test, other.test)
    assert split(20, 0.2, 0.1, 0).test.tolist() == [12, 14, 17, 18]  # on every machine, in every version


def test_a_share_is_a_sample_at_least_and_no_share_is_none():
    assert [len(rows) for rows in split(5, 0.01, 0, 0)] == [4, 0, 1]
    assert [len(rows) for rows in split(1, 0.5, 0.3, 0)] == [1, 0, 0]
