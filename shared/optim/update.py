"""An update: all that happens to the weights in a step, from the sum of a gradient on."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from shared.nn.parameters import Parameters
from shared.optim.averaging import AVERAGE, average, initial_average, next_share
from shared.optim.clipping import clipping_factor, limit_rows
from shared.optim.optimizers import SGD, Optimizer, OptimizerState
from shared.optim.penalties import NO_PENALTIES, Penalties
from shared.types import Vector

BLOCK = 2**18  # bytes of the weights that are changed at a time: what belongs to them stays in the cache


class Update:
    """Clips the gradient, adds penalties, takes the optimizer's step, limits the weights, and averages them.

    Workers sum, and only here a sum is divided, once, by what it was summed over. All but the norms is done element by
    element, block by block, with the same bits whatever the size of the blocks.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        sizes: Sequence[int],
        dtype: DTypeLike,
        *,
        penalties: Penalties = NO_PENALTIES,
        clip_norm: float | None = None,
        max_norm: float | None = None,
        ema: float = 0.0,
        block: int = BLOCK,
    ) -> None:
        """sizes, dtype: of the parameters.

        penalties: with which the mean gradient is one of the cost.
        clip_norm: of the mean gradient, at most.
        max_norm: of each neuron's incoming weights, at most.
        ema: decay of the average of the weights; 0: there is none.
        block: bytes of the weights that are changed at a time.
        """
        self._optimizer, self._penalties = optimizer, penalties
        self._clip_norm, self._max_norm, self._ema = clip_norm, max_norm, ema
        self._plain = type(optimizer) is SGD and not (penalties or clip_norm or max_norm or ema)
        weights_apart = bool(penalties) or optimizer.shrink(1.0) != 1.0
        self._blocks = blocks(sizes, max(1, block // np.dtype(dtype).itemsize), weights_apart)
        longest = max(each.span.stop - each.span.start for each in self._blocks)
        self._room = np.empty(0 if self._plain else longest, dtype)

    def initial_state(self, weights: Vector) -> OptimizerState:
        """Return what is remembered before the first step."""
        state = self._optimizer.initial_state(weights)
        return {**state, **initial_average(weights)} if self._ema else state

    def __call__(
        self, parameters: Parameters, state: OptimizerState, gradient: Vector, count: float, learning_rate: float
    ) -> None:
        """Take a step: change the parameters and the state in place.

        gradient: the sum over `count` samples (or over samples whose weights have that sum); it is used up.
        """
        weights = parameters.flat
        if self._plain:  # two passes, of which a small network feels each
            gradient *= learning_rate / count
            weights -= gradient
            return
        factor = 1 / count
        if self._clip_norm:
            factor *= clipping_factor(gradient, count, self._clip_norm)
        shrink = self._optimizer.shrink(learning_rate)
        share = next_share(self._ema, state) if self._ema else 0.0
        self._optimizer.advance(state)
        for span, has_weights in self._blocks:
            w, g = weights[span], gradient[span]
            here = {name: each[span] if each.shape == weights.shape else each for name, each in state.items()}
            room = self._room[: len(w)]
            if factor != 1:
                g *= factor
            if has_weights and self._penalties:
                self._penalties.add(w, g, room)
            if has_weights and shrink != 1:
                w *= shrink
            self._optimizer.step(w, g, here, learning_rate, room)
            if self._ema and not self._max_norm:
                average(here[AVERAGE], w, share, room)
        if self._max_norm:
            limit_rows(parameters.weights, self._max_norm)
            if self._ema:
                for span, _ in self._blocks:
                    w = weights[span]
                    average(state[AVERAGE][span], w, share, self._room[: len(w)])


def averaged(parameters: Parameters, state: OptimizerState) -> Parameters:
    """Return the weights to evaluate and to save: their average, if the state has one."""
    if AVERAGE not in state:
        return parameters
    return Parameters(parameters.sizes, parameters.dtype, state[AVERAGE])


class Block(NamedTuple):
    """A part of the parameters that is changed at a time."""

    span: slice
    has_weights: bool  # and no biases, if these are apart


def blocks(sizes: Sequence[int], length: int, weights_apart: bool) -> list[Block]:
    """Cut the vector of all parameters into blocks of at most that length, without biases among weights if apart."""
    if not weights_apart:
        return _cut(0, Parameters.count(sizes), length, True)
    found, start = [], 0
    for n_in, n_out in pairwise(sizes):
        found += _cut(start, start + n_out * n_in, length, True)
        found += _cut(start + n_out * n_in, start + n_out * (n_in + 1), length, False)
        start += n_out * (n_in + 1)
    return found


def _cut(start: int, stop: int, length: int, has_weights: bool) -> list[Block]:
    return [Block(slice(first, min(first + length, stop)), has_weights) for first in range(start, stop, length)]
