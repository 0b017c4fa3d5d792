"""Images side by side and one below the other, in one picture."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

GAP, GREY = 4, 96  # pixels between images, and their shade


def sheet(
    images: Sequence[NDArray[np.uint8]], n_columns: int, side: int, background: int | None = GREY, apart: int = 0
) -> NDArray[np.uint8]:
    """Return images row by row, enlarged if they are small.

    images: of one size, as in `png`.  n_columns: how many are in a row.  side: pixels that they should have at least.
    background: the shade of what is between and around them; None: nothing is.
    apart: pixels by which the first column is set off.
    """
    height, width, *colours = images[0].shape
    times = max(1, side // max(height, width))
    high, wide = height * times + GAP, width * times + GAP
    n_columns = min(n_columns, len(images))
    around = 0 if background is None else GAP
    shape = -(-len(images) // n_columns) * high - GAP + 2 * around, n_columns * wide - GAP + 2 * around + apart
    picture = np.full((*shape, *colours), background or 0, np.uint8)
    for number, image in enumerate(images):
        row, column = divmod(number, n_columns)
        top, left = around + row * high, around + column * wide + apart * (column > 0)
        picture[top : top + height * times, left : left + width * times] = image.repeat(times, 0).repeat(times, 1)
    return picture
