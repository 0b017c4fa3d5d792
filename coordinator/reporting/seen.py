"""A picture of images side by side, as a network saw them."""

import numpy as np
from numpy.typing import NDArray

_GAP, _GREY = 4, 96  # pixels between images, and their shade
_SIDE = 112  # pixels that an image should have at least
_COLUMNS = 10


def sheet(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return images (n, height, width) in rows of ten, enlarged if they are small."""
    count, height, width = images.shape
    times = max(1, _SIDE // max(height, width))
    high, wide = height * times + _GAP, width * times + _GAP
    columns = min(count, _COLUMNS)
    picture = np.full((-(-count // columns) * high + _GAP, columns * wide + _GAP), _GREY, np.uint8)
    for number, image in enumerate(images):
        top, left = _GAP + number // columns * high, _GAP + number % columns * wide
        picture[top : top + height * times, left : left + width * times] = image.repeat(times, 0).repeat(times, 1)
    return picture
