"""Which neurons take part: by seed, step, place and layer alone."""

import hashlib
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.nn.dropout import Dropout, dropped, kept_weight

SIZES = (20, 33, 64, 10)
FLOAT64 = np.dtype(np.float64)


def dropout(seed: int = 0, inputs: float = 0.2, hidden: float = 0.5, sizes: tuple[int, ...] = SIZES) -> Dropout:
    return Dropout(seed, sizes, inputs, hidden, FLOAT64)


@given(
    seed=st.integers(0, 2**64 - 1),
    step=st.integers(0, 2**40),
    cuts=st.lists(st.integers(0, 50), max_size=5).map(lambda cuts: sorted({0, 50, *cuts})),
)
def test_any_cut_of_a_step_drops_the_same(seed, step, cuts):
    whole = dropout(seed).kept(step, 0, 50)
    parts = [dropout(seed).kept(step, first, stop) for first, stop in pairwise(cuts)]
    for layer, n_out in enumerate(SIZES[:-1]):
        assert whole[layer].shape == (n_out, 50)
        assert np.array_equal(np.concatenate([part[layer] for part in parts], axis=1), whole[layer])


def test_no_two_samples_layers_steps_or_seeds_drop_the_same():
    def digests(seed: int, step: int) -> set[str]:
        kept = dropout(seed, sizes=(64, 64, 64, 2)).kept(step, 0, 10)
        return {hashlib.sha256(layer[:, sample].tobytes()).hexdigest() for layer in kept[1:] for sample in range(10)}

    assert len(digests(0, 0) | digests(0, 1) | digests(1, 0)) == 60


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_so_many_are_dropped_and_the_mean_stays(rate):
    kept = Dropout(0, (1000, 1000, 2), rate, rate, FLOAT64).kept(3, 0, 1000)
    for layer in kept:
        assert set(np.unique(layer)) == {0.0, kept_weight(dropped(rate))}
        assert abs((layer == 0).mean() - dropped(rate) / 256) < 5 * np.sqrt(rate * (1 - rate) / layer.size)
        assert abs(layer.mean() - 1) < 5 * np.sqrt(rate / (1 - rate) / layer.size) + 1e-3


def test_where_nothing_is_dropped_there_is_nothing_to_multiply_by():
    assert dropout(inputs=0.0).kept(0, 0, 5)[0] is None
    assert [layer is None for layer in dropout(hidden=0.0).kept(0, 0, 5)] == [False, True, True]


@pytest.mark.parametrize(
    ("rate", "level"), [(0.0, 0), (1e-9, 1), (0.2, 51), (0.5, 128), (0.999, 255), (1 - 1e-12, 255)]
)
def test_rates_are_multiples_of_a_256th_above_none_and_below_all(rate, level):
    assert dropped(rate) == level


def test_what_is_dropped_never_changes():
    """Recorded: another value would make old runs unrepeatable."""
    digest = hashlib.sha256()
    for layer in dropout(7).kept(11, 3, 9):
        digest.update(layer.astype("<f8").tobytes())
    assert digest.hexdigest() == "e24e941779d7b2b5f98bd272f88f0868914bd409263806b1672acd399cf3f608"
