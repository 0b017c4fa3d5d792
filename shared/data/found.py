"""Samples as a source finds them, neither divided nor encoded."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shared.data.encoding import Encoding
from shared.data.parts import Part
from shared.types import Array

Pair = tuple[Any, Any]  # inputs, and what is to be predicted of them


@dataclass(frozen=True)
class Found:
    """Samples as they were found: those to be divided, and others that are a part already.

    Inputs are a Table, or an array of a sample a row: bytes are pixels. What is wanted is (n_samples,) labels of any
    kind or numbers, or (n_samples, n_targets) numbers.
    """

    training: Pair
    validation: Pair | None = None
    test: Pair | None = None
    source: str = ""  # where they are, for people
    target: tuple[str, ...] = ()  # the names of what is to be predicted
    image_size: tuple[int, int] | None = None  # height and width, if the arrays do not tell
    is_encoded: bool = False  # whether they are as a network takes them, and classes are numbers
    encoding: Encoding | None = None  # by which they are encoded then
    files: Mapping[Part, Array] = field(default_factory=dict)  # paths in the source, where each sample is a file


def image_size(inputs: Any) -> tuple[int, int] | None:
    """Return height and width of images in shades of grey, of which there are none in arrays of more dimensions.

    Where nobody has told them, a square number of inputs is a square.
    """
    if np.ndim(inputs) == 3:
        return int(inputs.shape[1]), int(inputs.shape[2])
    if np.ndim(inputs) > 3:
        return None
    side = math.isqrt(inputs.shape[1])
    return (side, side) if side * side == inputs.shape[1] else None
