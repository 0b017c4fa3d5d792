"""What comes of units of a step."""

from typing import NamedTuple

from shared.nn.score import Score
from shared.types import Vector


class Sum(NamedTuple):
    """The sum of what was computed for some units, and how good the network was on their samples."""

    total: Vector  # flat like the weights; valid until the next is computed
    score: Score
