"""Dropout: which neurons take part in a step (N. Srivastava et al., JMLR 15, 2014), by what is known of any of it.

What is dropped depends on the seed, the step, the sample's place in it and the layer; never on who computes it, or with
which other samples.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from shared.nn.memory import Memory
from shared.nn.random import Purpose
from shared.types import Array

LEVELS = 256  # a byte for each neuron: rates are multiples of 1/256
_BLOCK = 32  # bytes that one counter of Philox gives


class Dropout:
    """What is kept of inputs and hidden layers."""

    def __init__(self, seed: int, sizes: Sequence[int], inputs: float, hidden: float, dtype: np.dtype[Any]) -> None:
        """inputs, hidden: the rates at which neurons are dropped, from 0 on and below 1."""
        self._key = np.array([seed, Purpose.DROPOUT], np.uint64)
        rates = [inputs, *[hidden] * (len(sizes) - 2)]
        self._layers = [(n_out, dropped(rate)) for n_out, rate in zip(sizes[:-1], rates, strict=True)]
        self._dtype = dtype
        self._memory = [Memory(dtype) for _ in self._layers]

    def kept(self, step: int, first: int, stop: int) -> Sequence[Array | None]:
        """Return by what outputs are multiplied: 0, or where they are kept 1 / (1 - rate), so that means stay.

        step: its number in the run.  first, stop: places of samples in it.  Of the inputs and each hidden layer:
        (n_out, stop - first), or None where nothing is dropped; valid until the next call.
        """
        return [
            self._layer(layer, n_out, level, step, first, stop) if level else None
            for layer, (n_out, level) in enumerate(self._layers)
        ]

    def _layer(self, layer: int, n_out: int, level: int, step: int, first: int, stop: int) -> Array:
        blocks = -(-n_out // _BLOCK)  # a sample
        counter = np.array([first * blocks, layer, 0, step], np.uint64)
        words = np.random.Philox(key=self._key, counter=counter).random_raw((stop - first) * blocks * 4)
        dice = words.astype("<u8").view(np.uint8).reshape(stop - first, -1)[:, :n_out].T
        factors = self._memory[layer].array(dice.shape)
        np.greater_equal(dice, level, factors)
        factors *= kept_weight(level)
        return factors


def dropped(rate: float) -> int:
    """Return how many of 256 are dropped at a rate: at least one if it is above 0, and never all."""
    return min(max(round(rate * LEVELS), 1 if rate else 0), LEVELS - 1)


def kept_weight(level: int) -> float:
    """Return by what is multiplied what is kept, when so many of 256 are dropped."""
    return LEVELS / (LEVELS - level)
