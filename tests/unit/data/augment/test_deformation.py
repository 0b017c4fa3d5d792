"""Deformed images depend on seed, epoch, place and image alone."""

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.data.augment import deformation
from shared.data.augment.deformation import Deformer
from shared.data.augment.draws import draw, draw_noise
from shared.data.augment.options import Augmentation
from shared.errors import DataError
from tests.support.deformations import ALL, RECORDED, USUAL, colour, digest, images, source

DIGITS = images(60, 28, 28)
WHOLE = Deformer(ALL, 28, 28).apply(DIGITS, 1, 2, 10)


@pytest.mark.parametrize("name", RECORDED)
def test_the_bits_never_change(name):
    assert digest(name, random.Random()) == RECORDED[name][-1]


@given(cuts=st.sets(st.integers(1, 59), max_size=6), at_a_time=st.integers(1, 70), dice=st.randoms())
@settings(max_examples=40)
def test_any_cut_gives_the_same_images(cuts, at_a_time, dice):
    """Computed by three deformers in any order, with any number of images at a time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deformation, "_PIXELS", at_a_time * 784)
        workers = [Deformer(ALL, 28, 28) for _ in range(3)]
    edges = [0, *sorted(cuts), 60]
    starts = list(range(len(edges) - 1))
    dice.shuffle(starts)
    for start in starts:
        part = slice(edges[start], edges[start + 1])
        found = dice.choice(workers).apply(DIGITS[part], 1, 2, 10 + part.start)
        assert np.array_equal(found, WHOLE[part])


@pytest.mark.parametrize(("seed", "epoch", "first"), [(0, 2, 10), (1, 3, 10), (1, 2, 11)])
def test_another_seed_epoch_or_place_gives_other_images(seed, epoch, first):
    other = Deformer(ALL, 28, 28).apply(DIGITS, seed, epoch, first)
    assert (other != WHOLE).any(axis=1).all()


def test_the_largest_seed_epoch_and_place_are_nothing_special():
    found = Deformer(ALL, 28, 28).apply(DIGITS, 2**64 - 1, 10**6, 10**12)
    assert np.isfinite(found).all()


def test_images_are_numbers_from_0_to_1():
    assert (WHOLE.shape, WHOLE.dtype) == (DIGITS.shape, np.float32)
    assert (WHOLE.min(), WHOLE.max()) == (0, 1)


def test_no_image_at_all_is_no_trouble():
    assert Deformer(ALL, 28, 28).apply(DIGITS[:0], 0, 0, 0).shape == (0, 784)


@pytest.mark.parametrize("name", ["", "elastic", "rotate", "scale", "shear", "shift", "noise"])
def test_with_next_to_no_strength_the_images_are_themselves(name):
    augmentation = Augmentation(**{name: 1e-300}) if name else Augmentation()
    assert np.array_equal(
        Deformer(augmentation, 28, 28).apply(DIGITS, 0, 0, 0), np.divide(DIGITS, 255, dtype=np.float32)
    )


def test_a_deformation_is_the_same_with_and_without_the_others():
    """Noise comes on top; and what the knots are does not depend on what else there is."""
    calm = Deformer(replace(ALL, noise=0), 28, 28).apply(DIGITS, 1, 2, 10)
    noise = WHOLE - calm
    inner = (WHOLE > 0) & (WHOLE < 1)
    assert abs(noise[inner & (calm > 0.35) & (calm < 0.65)].std() - 0.1) < 0.005
    assert draw(1, 2, 10, 5).knots.tolist() == draw(1, 2, 8, 9).knots[2:7].tolist()


def test_draws_are_uniform_and_independent_of_each_other():
    knots, affine = draw(0, 0, 0, 20_000)
    for numbers in (knots.T / 128 - 255 / 256, affine):
        assert np.abs(numbers.mean(axis=1)).max() < 5 * np.sqrt(1 / 3 / 20_000)
        assert np.abs(numbers.var(axis=1) - 1 / 3).max() < 5 * np.sqrt(4 / 45 / 20_000)
        correlations = np.corrcoef(numbers) - np.eye(len(numbers))
        assert np.abs(correlations).max() < 5 / np.sqrt(20_000)
    assert (knots.min(), knots.max()) == (0, 255)
    assert -1 < affine.min() < -0.999 < 0.999 < affine.max() < 1


def test_noise_has_its_mean_and_deviation_where_nothing_is_cut_off():
    grey = np.full((200, 784), 128, np.uint8)
    noise = Deformer(Augmentation(noise=0.1), 28, 28).apply(grey, 0, 0, 0) - np.float32(128 / 255)
    assert abs(noise.mean()) < 5 * 0.1 / np.sqrt(noise.size)
    assert abs(noise.std() / 0.1 - 1) < 0.01
    assert 0.3 < np.abs(noise).max() < 0.3465
    assert abs((noise**4).mean() / 0.1**4 - 2.7) < 0.05  # 3 for the normal distribution
    assert abs((noise[:, 1:] * noise[:, :-1]).mean()) < 5 * 0.01 / np.sqrt(noise.size)


def test_noise_of_neighbouring_places_never_overlaps():
    """A size whose words do not fill the last block."""
    words = draw_noise(9, 0, 0, 0, 1000)
    assert len(np.unique(words)) > 0.999 * words.size
    assert np.array_equal(words[3:5], draw_noise(9, 0, 0, 3, 2))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (DIGITS / np.float32(255), "must be 784 bytes each, as those of IDX files; these are 784 numbers of float32"),
        (DIGITS[:, :783], "must be 784 bytes each, as those of IDX files; these are 783 numbers of uint8"),
    ],
)
def test_other_images_are_refused_in_one_line(given, message):
    with pytest.raises(DataError, match=message):
        Deformer(USUAL, 28, 28).apply(given, 0, 0, 0)


def smooth(height: int, width: int) -> np.ndarray:
    """An image whose neighbouring pixels differ by less than a sixth of white."""
    y, x = np.mgrid[:height, :width]
    return np.rint(255 * np.sin(np.pi * (y + 1) / (height + 1)) * np.sin(np.pi * (x + 1) / (width + 1))).astype(
        np.uint8
    )


@pytest.mark.parametrize(("height", "width"), [(28, 28), (24, 40)])
@pytest.mark.parametrize("augmentation", [Augmentation(rotate=45), Augmentation(shift=3), USUAL], ids=str)
def test_a_deformed_image_is_that_of_the_slow_truth(augmentation, height, width):
    """Within what positions may be off by, 2^-5 pixels with knots, times the steepest slope."""
    image, draws = smooth(height, width), draw(0, 4, 6, 1)
    knots = (2.0 * draws.knots.reshape(2, 7, 7) - 255) / 256
    found = Deformer(augmentation, height, width).apply(image.reshape(1, -1), 0, 4, 6)[0]
    expected = [
        colour(image, *source(augmentation, height, width, y, x, draws.affine[:, 0], knots))
        for y in range(height)
        for x in range(width)
    ]
    assert np.abs(found - expected).max() < 2**-5 / 6
    assert np.abs(found - image.ravel() / 255).max() > 0.05
