"""Images side by side."""

import numpy as np
import pytest

from coordinator.reporting.sheet import GAP, GREY, sheet

GREYS = [np.full((2, 3), shade, np.uint8) for shade in (10, 20, 30)]


def test_images_stand_in_rows_enlarged_and_apart():
    picture = sheet(GREYS, 2, 6)
    assert picture.shape == (2 * (4 + GAP) + GAP, 2 * (6 + GAP) + GAP)
    for shade, top, left in ((10, GAP, GAP), (20, GAP, 2 * GAP + 6), (30, 2 * GAP + 4, GAP)):
        tile = picture[top : top + 4, left : left + 6]
        assert (tile == shade).all()
        tile[...] = GREY
    assert (picture == GREY).all()


def test_the_first_column_can_be_set_off():
    picture = sheet(GREYS, 3, 1, apart=5)
    assert picture.shape == (2 + 2 * GAP, 3 * (3 + GAP) + GAP + 5)
    assert picture[GAP].tolist() == [
        *(*GAP * [GREY], *3 * [10], *(GAP + 5) * [GREY]),
        *(*3 * [20], *GAP * [GREY], *3 * [30], *GAP * [GREY]),
    ]


@pytest.mark.parametrize(("count", "shape"), [(1, (2, 3)), (3, (4 + GAP, 6 + GAP))])
def test_without_a_background_there_is_nothing_between_coloured_ones_and_nothing_around(count, shape):
    picture = sheet(count * [np.full((2, 3, 4), 255, np.uint8)], 2, 1, background=None)
    assert picture.shape == (*shape, 4)
    assert (picture == 255).all(2).sum() == count * 6
    assert (picture == 0).all(2).sum() == shape[0] * shape[1] - count * 6
