"""From a photo of something written to an image like those of MNIST: light on black, in a box, centred by mass.

MNIST's images were made so (Y. LeCun et al., 1998): the digit fills a box of 20 x 20 pixels, keeping its proportions,
and its centre of mass is the centre of 28 x 28.
"""

from collections import deque
from collections.abc import Callable

import numpy as np

from shared.errors import DataError
from shared.types import Array

_BOX = 20 / 28  # of an image's side, which the longer side of what is written fills
_FAINT = 0.1  # of the range from black to white: less than this between ink and paper is nothing written
_PART = 0.15  # of the largest piece, from which on another one belongs to what is written and is no speck
_LEAST = 0.0005  # of a picture's pixels, which something written has
_BACKGROUND_FITS = 4
_FITTED = 10_000  # pixels that tell how bright the paper is where

Resize = Callable[[Array, int, int], Array]  # (image, height, width) -> the image at that size, floats


def digit(grey: Array, height: int, width: int, resize: Resize, is_dark: bool | None = None) -> Array:
    """Return what is written in a picture: (height, width) uint8, 255 for ink.

    grey: (h, w) floats from 0, black, to 1.  is_dark: whether ink is darker than paper; None: as it seems.
    Raises DataError if nothing is.
    """
    ink = _ink(grey, is_dark)
    threshold = _threshold(ink)
    mask = _main_pieces(ink > threshold)
    if not mask.any():
        raise DataError("nothing is written in the picture; give one with a dark digit on light paper, or inverted")
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    inside = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    full = np.quantile(ink[mask], 0.75)
    # What is far from all that is written is paper, however dark: its shade would be seen as ink.
    shade = np.where(_grown(mask), np.clip(ink / full, 0.0, 1.0), 0.0)[inside]
    return _centred(_fitted(shade, height, width, resize), height, width)


def _ink(grey: Array, is_dark: bool | None) -> Array:
    """Return by how much each pixel differs from the paper, whose brightness may change over the picture."""
    y, x = (np.linspace(-1.0, 1.0, n) for n in grey.shape)
    ones = np.ones_like(grey)
    powers = [ones, ones * x, ones * y[:, None], ones * x * x, ones * y[:, None] ** 2, x * y[:, None]]
    terms = np.stack([power.ravel() for power in powers], 1)
    values = grey.ravel()
    some = slice(None, None, max(1, len(values) // _FITTED))
    paper = np.full_like(values, np.median(values))
    for _ in range(_BACKGROUND_FITS):
        distance = np.abs(values - paper)[some]
        near = distance <= max(2.5 * float(np.median(distance)), 0.01)
        paper = terms @ np.linalg.lstsq(terms[some][near], values[some][near], rcond=None)[0]
    difference: Array = (paper - values).reshape(grey.shape)
    if is_dark is None:
        is_dark = float((difference**3).sum()) >= 0.0
    ink: Array = np.maximum(difference if is_dark else -difference, 0.0)
    return ink


def _threshold(ink: Array) -> float:
    """Return what tells ink from paper best (N. Otsu, 1979)."""
    counts, edges = np.histogram(ink, 128)
    centres = (edges[1:] + edges[:-1]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * centres)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    return max(float(edges[1:][np.nanargmax(between)]), _FAINT) if np.isfinite(between).any() else _FAINT


def _main_pieces(mask: Array) -> Array:
    """Return the mask without specks, and without what reaches in from the border, if anything else is there.

    A shadow or the table beside the paper may be larger than what is written.
    """
    pieces = _pieces(mask)
    height, width = mask.shape
    inner = [piece for piece in pieces if _is_inside(piece, height, width)]
    if inner and max(map(len, inner)) >= _LEAST * mask.size:
        pieces = inner
    found = np.zeros_like(mask)
    for piece in pieces:
        if len(piece) >= _PART * max(map(len, pieces)):
            found[tuple(np.array(piece).T)] = True
    return found


def _pieces(mask: Array) -> list[list[tuple[int, int]]]:
    """Return the pixels of each connected piece."""
    left = {(int(row), int(column)) for row, column in np.argwhere(mask)}
    found = []
    while left:
        queue, piece = deque([left.pop()]), []
        while queue:
            row, column = queue.popleft()
            piece.append((row, column))
            for near in [(row + i, column + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]:
                if near in left:
                    left.remove(near)
                    queue.append(near)
        found.append(piece)
    return found


def _is_inside(piece: list[tuple[int, int]], height: int, width: int) -> bool:
    return all(0 < row < height - 1 and 0 < column < width - 1 for row, column in piece)


def _grown(mask: Array) -> Array:
    """Return the mask with all pixels beside it: strokes have soft edges."""
    padded = np.pad(mask, 1)
    height, width = mask.shape
    grown: Array = np.logical_or.reduce([padded[i : i + height, j : j + width] for i in range(3) for j in range(3)])
    return grown


def _fitted(shade: Array, height: int, width: int, resize: Resize) -> Array:
    """Return what is written, as large as the box, and with strokes that can be seen there."""
    high, wide = shade.shape
    scale = min(_BOX * height / high, _BOX * width / wide)
    small = resize(shade, max(1, round(high * scale)), max(1, round(wide * scale)))
    strongest = np.quantile(small[small > small.max() / 2], 0.5)
    found: Array = np.clip(small / strongest, 0.0, 1.0)
    return found


def _centred(shade: Array, height: int, width: int) -> Array:
    """Return it in an image of that size, its centre of mass in the middle, as bytes.

    The middle of MNIST's images is the centre of row and column 14, half a pixel below and right of theirs.
    """
    rows, columns = np.arange(shade.shape[0]), np.arange(shade.shape[1])
    total = float(shade.sum())
    top = round(height / 2 - float(shade.sum(1) @ rows) / total)
    left = round(width / 2 - float(shade.sum(0) @ columns) / total)
    top, left = (
        min(max(each, 0), most) for each, most in ((top, height - shade.shape[0]), (left, width - shade.shape[1]))
    )
    found = np.zeros((height, width), np.uint8)
    found[top : top + shade.shape[0], left : left + shade.shape[1]] = np.rint(255 * shade)
    return found
