"""Pictures in files, as a network that knows images of one size takes them."""

from pathlib import Path
from typing import Any

import numpy as np

from coordinator.prediction.digit import digit
from shared.data.pictures import ENDINGS, open_grey, read_grey
from shared.errors import DataError
from shared.types import Array

FITS = ("digit", "whole")  # what becomes of a picture of another size
_MOST = 400  # pixels of the longer side that are looked at: more show the paper's grain


def files_of(path: Path) -> list[Path]:
    """Return the pictures at a path: itself, or those in a folder and its folders, by their names.

    Raises DataError if there are none.
    """
    if not path.is_dir():
        return [path]
    found = sorted(file for file in path.rglob("*") if file.suffix.lower() in ENDINGS)
    if not found:
        raise DataError(f"{path} has no pictures; give a folder of {', '.join(sorted(ENDINGS))}")
    return found


def read_picture(path: Path, size: tuple[int, int], fit: str, is_dark: bool | None) -> Array:
    """Return a picture as (height, width) uint8.

    size: height and width.  A picture of that size stays as it is, but that what is dark on light is inverted; of
    others, `fit` says what becomes: digit, see `coordinator.prediction.digit`; whole: scaled.
    is_dark: whether what matters is darker than the rest; None: as it seems.
    Raises DataError for a file that is no picture, or has nothing in it.
    """
    if fit == "whole":
        grey = read_grey(path, size)
        return 255 - grey if is_dark else grey
    image = open_grey(path)
    if (image.height, image.width) == size:
        return _as_it_is(image, is_dark)
    image.thumbnail((_MOST, _MOST))
    try:
        return digit(np.asarray(image, np.float64) / 255, *size, _resized, is_dark)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None


def _as_it_is(image: Any, is_dark: bool | None) -> Array:
    grey = np.asarray(image, np.uint8)
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    if is_dark is None:
        is_dark = bool(np.median(border) > 127)
    return 255 - grey if is_dark else grey


def _resized(image: Array, height: int, width: int) -> Array:
    from PIL import Image

    resized = Image.fromarray(image.astype(np.float32)).resize((width, height), Image.Resampling.BOX)
    return np.clip(np.asarray(resized, np.float64), 0.0, 1.0)
