"""An exponential moving average of the weights (B. T. Polyak and A. Juditsky, 1992, with weights that fade)."""

import numpy as np

from shared.optim.optimizers import OptimizerState
from shared.types import Vector

AVERAGE = "average"  # the average's name in an optimizer's state
_UPDATES = "updates"  # the number of steps in it, shape (1,)


def initial_average(weights: Vector) -> OptimizerState:
    """Return the average before the first step: the weights themselves."""
    return {AVERAGE: weights.copy(), _UPDATES: np.zeros(1)}


def next_share(decay: float, state: OptimizerState) -> float:
    """Count a step, and return how much of its weights goes into the average: 1 - min(decay, (1 + t) / (10 + t)).

    t: the number of steps before it. So the first weights, which are random, are soon forgotten: TensorFlow's
    `ExponentialMovingAverage` with `num_updates`.
    """
    done = float(state[_UPDATES][0])
    state[_UPDATES] += 1
    return 1 - min(decay, (1 + done) / (10 + done))


def average(mean: Vector, weights: Vector, share: float, room: Vector) -> None:
    """Move a block of the average, in place, by that share of the way to the weights.  room: memory to compute in."""
    np.subtract(weights, mean, room)
    room *= share
    mean += room
