"""Pictures in files, as a network that knows images of one size takes them."""

from pathlib import Path
from typing import Any

import numpy as np

from coordinator.prediction.digit import digit
from shared.errors import DataError
from shared.types import Array

ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm"})
FITS = ("digit", "whole")  # what becomes of a picture of another size
_MOST = 400  # pixels of the longer side that are looked at: more show the paper's grain
_LARGEST = 10**8  # pixels of a file


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
    image = _opened(path)
    if image.height == size[0] and image.width == size[1] and fit == "digit":
        return _as_it_is(image, is_dark)
    if fit == "whole":
        image = image.resize((size[1], size[0]))
        grey = np.asarray(image, np.uint8)
        return 255 - grey if is_dark else grey
    image.thumbnail((_MOST, _MOST))
    try:
        return digit(np.asarray(image, np.float64) / 255, *size, _resized, is_dark)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None


def _opened(path: Path) -> Any:
    """Return a picture in shades of grey, upright, on white where it is transparent."""
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ImportError:
        raise DataError(f"{path} needs Pillow: pip install 'gradmq[images]'") from None
    try:
        with Image.open(path) as file:
            if file.width * file.height > _LARGEST:
                raise DataError(f"{path} has {file.width} x {file.height} pixels; give at most {_LARGEST}")
            image = ImageOps.exif_transpose(file)
            if image.has_transparency_data:
                image = image.convert("RGBA")
                image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
            return image.convert("L")
    except UnidentifiedImageError:
        raise DataError(f"{path} is no picture; give a PNG or a JPEG") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"{path} cannot be read: {reason}; give a PNG or a JPEG") from None


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
