"""Colours between pixels, beside a slow truth."""

import numpy as np
import pytest

from shared.data.augment.fields import FRACTIONS
from shared.data.augment.interpolation import Interpolation
from tests.support.deformations import colour, images

SIZES = [(28, 28), (5, 7), (1, 4), (4, 1), (1, 1)]


def look_up(given: np.ndarray, height: int, width: int, places: np.ndarray, most: int | None = None) -> np.ndarray:
    """places: in fractions, from the image's first pixel."""
    out = np.empty(given.shape, np.float32)
    positions = (places + FRACTIONS).astype(np.int32)
    Interpolation(height, width, most or len(given)).look_up(given, positions, out)
    return out


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_colours_are_those_of_the_slow_truth(height, width):
    given, rng = images(3, height, width), np.random.default_rng(0)
    places = np.stack([rng.integers(-3 * FRACTIONS, (size + 3) * FRACTIONS, given.shape) for size in (height, width)])
    found = look_up(given, height, width, places)
    for sample, image in enumerate(given.reshape(-1, height, width)):
        expected = [colour(image, y / FRACTIONS, x / FRACTIONS) for y, x in places[:, sample].T]
        assert np.abs(found[sample] - expected).max() < 2**-23


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_an_image_at_its_own_pixels_is_that_image(height, width):
    given = images(4, height, width)
    places = np.mgrid[:height, :width].reshape(2, 1, -1).repeat(4, axis=1) * FRACTIONS
    assert np.array_equal(look_up(given, height, width, places, most=6), np.divide(given, 255, dtype=np.float32))


@pytest.mark.parametrize("far", [-(2**30), -FRACTIONS, 2**30])
def test_beyond_the_image_all_is_black(far):
    given = np.full((2, 12), 255, np.uint8)
    for axis in (0, 1):
        places = np.zeros((2, 2, 12))
        places[axis] = far
        assert not look_up(given, 3, 4, places).any()


def test_memory_is_free_of_what_was_computed_before():
    """Fewer images after more: nothing of these is seen."""
    interpolation, out = Interpolation(4, 4, 3), np.empty((3, 16), np.float32)
    everywhere = np.random.default_rng(0).integers(0, 6 * FRACTIONS, (2, 3, 16)).astype(np.int32)
    white, given = np.full((3, 16), 255, np.uint8), images(1, 4, 4)
    interpolation.look_up(white, everywhere.copy(), out)
    interpolation.look_up(given, everywhere[:, :1].copy(), out[:1])
    fresh = np.empty((1, 16), np.float32)
    Interpolation(4, 4, 1).look_up(given, everywhere[:, :1].copy(), fresh)
    assert np.array_equal(out[:1], fresh)
