"""Weights of samples, from a file."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.data.sample_weights import read_weights, scaled
from shared.errors import DataError


@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=20).map(np.array))
def test_none_is_above_1_and_their_ratios_are_those_that_were_given(weights):
    found = scaled(weights)
    assert np.array_equal(found * 2**16, np.rint(found * 2**16))
    assert 0.5 < found.max() <= 1
    np.testing.assert_allclose(found / found.max(), weights / weights.max(), atol=2.0**-14)
    assert (found > 0).all()


@given(st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=20).map(np.array))
@example(np.array([1.00001]))
def test_to_scale_them_again_changes_nothing(weights):
    assert np.array_equal(scaled(scaled(weights)), scaled(weights))


@given(st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=200).map(np.array), st.randoms())
def test_their_sums_are_exact(weights, random):
    found = scaled(weights) * np.array([1000.25, 0.5, 3.0])[np.arange(len(weights)) % 3]
    order = [*range(len(found))]
    random.shuffle(order)
    assert sum(map(Fraction, found.tolist())) == Fraction(float(found[order].sum()))


@pytest.mark.parametrize("name", ["weights.npy", "weights.txt"])
def test_they_are_read_from_arrays_and_from_text(tmp_path, name):
    given, path = np.array([1.0, 0.5, 0.25]), tmp_path / name
    np.save(path, given) if name.endswith("npy") else path.write_text("1\n0.5\n0.25\n")
    assert read_weights(path).tolist() == given.tolist()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("1\nx\n", "holds no weights"),
        ("", "give one for each training sample"),
        ("1 2\n3 4\n", "shape (2, 2)"),
        ("1\n0\n", "above 0, got 0 to 1"),
        ("1\nnan\n", "must be finite"),
        ("1\n1e308\n", "must be finite"),
        ("1\n-2\n", "got -2 to 1"),
    ],
)
def test_what_is_no_weights_is_named(tmp_path, text, named):
    path = tmp_path / "weights.txt"
    path.write_text(text)
    with pytest.raises(DataError) as refused:
        read_weights(path)
    assert named in str(refused.value)
    assert str(path) in str(refused.value)


def test_pickles_and_missing_files_are_refused(tmp_path):
    path = tmp_path / "weights.npy"
    with pytest.raises(DataError, match="can be read: No such file"):
        read_weights(path)
    np.save(path, np.array([{}], object), allow_pickle=True)
    with pytest.raises(DataError, match="holds Python's objects"):
        read_weights(path)
