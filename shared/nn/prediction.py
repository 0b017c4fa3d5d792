"""What a network makes of inputs that nobody knows the answers to."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from shared.nn.evaluation import CHUNK
from shared.nn.mlp import MLP, Layers
from shared.types import Array


class Answers(NamedTuple):
    """labels: (n_samples,) int64, the numbers of the strongest outputs.  outputs: (n_samples, n_outputs)."""

    labels: Array
    outputs: Array


def answers_to(mlp: MLP, layers: Layers, inputs: Array) -> Iterator[Answers]:
    """Yield the answers to inputs, CHUNK by CHUNK, each in one pass: the passes may decide the last bits.

    layers: as `MLP.rounded` gives them.  inputs: (n_samples, n_inputs), bytes for 0 … 1 in steps of 1/255 or floats.
    """
    for start in range(0, len(inputs), CHUNK):
        chunk = inputs[start : start + CHUNK]
        if chunk.dtype == np.uint8:
            x = mlp.inputs.convert_bytes(chunk, np.arange(len(chunk)))
        else:
            x = mlp.inputs.convert(chunk)
        labels, outputs = mlp.answer(layers, x.T)
        yield Answers(labels, outputs.T.copy())
