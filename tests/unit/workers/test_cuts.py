"""Into which pieces a step is cut."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from coordinator.workers.cuts import Piece, equal_bounds, pieces, pieces_by_share


def test_pieces_for_anyone_follow_each_other():
    assert pieces([0, 3, 4, 10]) == [Piece(0, 3), Piece(3, 4), Piece(4, 10)]


def test_who_has_a_share_gets_a_piece_in_its_turn():
    assert [*pieces_by_share([7, 2, 5], [3, 0, 4])] == [Piece(0, 3, 7), Piece(3, 7, 5)]


@given(first=st.integers(0, 100), n_units=st.integers(1, 50), parts=st.integers(1, 70))
def test_parts_are_nearly_equal_and_none_is_empty(first, n_units, parts):
    bounds = equal_bounds(first, first + n_units, parts)
    assert (bounds[0], bounds[-1], len(bounds) - 1) == (first, first + n_units, min(parts, n_units))
    sizes = [stop - start for start, stop in pairwise(bounds)]
    assert 1 <= min(sizes) <= max(sizes) <= min(sizes) + 1
