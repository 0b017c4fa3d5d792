"""Deformed images whose bits never change, and what they should be, computed slowly."""

import hashlib
import math
import random

import numpy as np

from shared.data.augment.deformation import Deformer
from shared.data.augment.options import Augmentation

USUAL = Augmentation(elastic=3.6, rotate=9, scale=0.12, shear=0.08, shift=1)
ALL = Augmentation(elastic=4.3, rotate=15, scale=0.15, shear=0.15, shift=1, noise=0.1)
STRONG = Augmentation(elastic=20, rotate=180, scale=0.9, shear=1, shift=30)
# By what is deformed: how strongly, height, width, images, and the beginning of the SHA-256 of the result. Recorded
# once: another one would make old runs unrepeatable.
RECORDED = {
    "digits": (USUAL, 28, 28, 300, "a040e88e8234ddf7"),
    "all": (ALL, 28, 28, 100, "3805c39f60e20202"),
    "shift": (Augmentation(shift=2), 28, 28, 100, "cceb4f2c449a191a"),
    "noise": (Augmentation(noise=0.25), 28, 28, 100, "806e3a45f79b7567"),
    "small": (ALL, 8, 8, 100, "043056f8c796c862"),
    "32 x 32": (ALL, 32, 32, 100, "cede361eae62abce"),
    "tall": (ALL, 40, 13, 100, "a532f743dfd80f39"),
    "128 x 128": (USUAL, 128, 128, 10, "f60d892a2b7fef93"),
    "200 x 150": (USUAL, 200, 150, 5, "e2e6508eb9624363"),
    "strong": (STRONG, 28, 28, 100, "3e3e0025f53be573"),
    "a row": (ALL, 1, 50, 100, "409751f258d83a1f"),
    "a pixel": (ALL, 1, 1, 100, "debb24062fc0720b"),
}


def images(count: int, height: int, width: int) -> np.ndarray:
    """Bytes, of which many are black and many white: (count, height * width)."""
    found = np.random.Philox(key=count).random_raw(count * height * width).astype(np.int64) % 512 - 128
    return np.clip(found, 0, 255).astype(np.uint8).reshape(count, -1)


def digest(name: str, cuts: random.Random) -> str:
    """Return the beginning of the SHA-256 of deformed images, which are deformed in parts, in any order."""
    augmentation, height, width, count, _ = RECORDED[name]
    given, found = images(count, height, width), np.empty((count, height * width), "<f4")
    edges = sorted({0, count, *cuts.sample(range(count), min(3, count))})
    starts = list(range(len(edges) - 1))
    cuts.shuffle(starts)
    for start in starts:
        part = slice(edges[start], edges[start + 1])
        found[part] = Deformer(augmentation, height, width).apply(given[part], 7, 3, part.start)
    return hashlib.sha256(found.tobytes()).hexdigest()[:16]


def digests() -> dict[str, str]:
    """Return all of them, cut another way each time."""
    return {name: digest(name, random.Random()) for name in RECORDED}


def spline(t: float) -> float:
    """The cubic B-spline around 0, by the recursion of Cox and de Boor."""

    def piece(i: int, order: int) -> float:
        if order == 1:
            return 1.0 if i <= t < i + 1 else 0.0
        rising, falling = (t - i) / (order - 1), (i + order - t) / (order - 1)
        return rising * piece(i, order - 1) + falling * piece(i + 1, order - 1)

    return piece(-2, 4)


def source(
    augmentation: Augmentation, height: int, width: int, y: int, x: int, affine: np.ndarray, knots: np.ndarray
) -> tuple[float, float]:
    """Where a pixel comes from, in pixels.  affine: (6,) between -1 and 1.  knots: (2, 7, 7), likewise."""
    turn, high, wide, shear, *shift = affine
    angle = math.radians(augmentation.rotate * turn)
    rotation = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    scale = np.diag([1 + augmentation.scale * high, 1 + augmentation.scale * wide])
    sheared = np.array([[1, 0], [augmentation.shear * shear, 1]])
    centre = np.array([height - 1, width - 1]) / 2
    down, across = (
        np.array([spline(place * 4 / max(size - 1, 1) - (knot - 1)) for knot in range(7)])
        for place, size in ((y, height), (x, width))
    )
    moved = np.array([down @ of_direction @ across for of_direction in knots]) * augmentation.elastic
    found = rotation @ scale @ sheared @ (np.array([y, x]) - centre) + centre
    return tuple(found + augmentation.shift * np.array(shift) + moved)


def colour(image: np.ndarray, y: float, x: float) -> float:
    """Bilinear, from 0 to 1.  image: (height, width) uint8, with nothing but black around it."""
    top, left = math.floor(y), math.floor(x)
    total = 0.0
    for row, weight in ((top, top + 1 - y), (top + 1, y - top)):
        for column, times in ((left, left + 1 - x), (left + 1, x - left)):
            if 0 <= row < image.shape[0] and 0 <= column < image.shape[1]:
                total += weight * times * int(image[row, column])
    return total / 255
