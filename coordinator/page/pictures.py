"""Images: of samples, and of the weights into a neuron."""

import base64

import numpy as np
from numpy.typing import NDArray

from coordinator.page.markup import Markup, element
from coordinator.reporting.png import png
from shared.types import Array

_ABOVE, _BELOW = (226, 106, 18), (26, 122, 196)  # colours of weights above 0 and below, for light and dark pages
_STRONGEST = 99.5  # percentile of a neuron's weights that has the full colour


def picture(pixels: NDArray[np.uint8], what: str) -> Markup:
    """Return an image that is part of the page.  pixels: as in `png`.  what: says what it is."""
    content = base64.b64encode(png(pixels)).decode()
    height, width = pixels.shape[:2]
    return element("img", src=f"data:image/png;base64,{content}", alt=what, width=width, height=height, class_="pixels")


def sample_pixels(image: Array, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a sample's inputs as pixels: bytes as they are, floats from their least, black, to their most."""
    pixels = image.reshape(size)
    if pixels.dtype == np.uint8:
        return pixels
    low, high = min(0.0, float(pixels.min())), float(pixels.max())
    scaled: NDArray[np.uint8] = np.rint(255 * (pixels - low) / ((high - low) or 1.0)).astype(np.uint8)
    return scaled


def weight_pixels(weights: Array, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the weights of one neuron's inputs as pixels: a colour for those above 0, one for those below.

    The nearer to 0, the more transparent: so it is right on light and on dark pages.
    """
    values = weights.reshape(size)
    strongest = float(np.percentile(np.abs(values), _STRONGEST)) or 1.0
    opacity = np.clip(np.abs(values) / strongest, 0, 1)
    pixels = np.empty((*size, 4), np.uint8)
    pixels[..., :3] = np.where(values[..., None] > 0, _ABOVE, _BELOW)
    pixels[..., 3] = np.rint(opacity * 63) * 4  # steps that nobody sees, and that pack well
    return pixels


def most_heard(weights: Array, most: int) -> list[int]:
    """Return the neurons, at most so many and in their order, whose outputs weigh most in the next layer.

    weights: of that layer, (n_out, n_in).
    """
    heard = np.square(weights).sum(0)
    return sorted(int(number) for number in np.argsort(-heard, kind="stable")[:most])
