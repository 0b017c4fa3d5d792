"""Reading pictures in shades of grey, by Pillow (the extra `images`)."""

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from shared.errors import DataError
from shared.regular_files import open_regular
from shared.types import Array

ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm"})
_LARGEST = 10**8  # pixels of a file
_LARGE = 4 * 10**6  # pixels, above which a file that is packed more than an empty page is refused
_MOST_PACKED = 10_000  # pixels a byte; PNG and TIFF make up to 8,000 of a page that is all white
_MOST_BYTES = 2**30  # of a file


def read_grey(path: Path, size: tuple[int, int] | None = None) -> Array:
    """Return a picture as (height, width) uint8, 0 for black; scaled to that height and width, if they are given.

    Raises DataError for a file that is no picture.
    """
    image = open_grey(path)
    if size is not None and (image.height, image.width) != size:
        image = image.resize((size[1], size[0]))
    return np.asarray(image, np.uint8)


def open_grey(path: Path) -> Any:
    """Return a picture of Pillow's in shades of grey, upright, on white where it is transparent.

    Raises DataError for a file that is no picture, or where there is no Pillow.
    """
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ImportError:
        raise DataError(f"{path} needs Pillow: pip install 'gradmq[images]'") from None
    try:
        with (
            warnings.catch_warnings(action="ignore"),
            open_regular(path, _MOST_BYTES) as opened,
            Image.open(opened) as file,
        ):
            if file.width * file.height > _LARGEST:
                raise DataError(f"{path} has {file.width} x {file.height} pixels; give at most {_LARGEST}")
            _check_packing(path, file.width * file.height, os.fstat(opened.fileno()).st_size)
            image = ImageOps.exif_transpose(file)
            if image.has_transparency_data:
                image = image.convert("RGBA")
                image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
            if image.mode.startswith("I"):  # 16 bits, which Pillow would cut off at 255
                return Image.fromarray((np.asarray(image, np.float64) / 257).clip(0, 255).round().astype(np.uint8))
            if image.mode == "F":
                raise DataError(f"{path} has shades without a range; give 8 or 16 bits a pixel")
            return image.convert("L")
    except UnidentifiedImageError:
        raise DataError(f"{path} is no picture; give a PNG or a JPEG") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"{path} cannot be read: {reason}; give a PNG or a JPEG") from None


def _check_packing(path: Path, n_pixels: int, n_bytes: int) -> None:
    """Raise DataError for a few bytes that would become a lot of memory."""
    if n_pixels > max(_LARGE, _MOST_PACKED * n_bytes):
        raise DataError(f"{path} has {n_pixels} pixels in {n_bytes} bytes, and so nothing to see; scale it down")
