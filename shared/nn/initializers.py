"""What the weights are before the first step. A new initializer is a class here and a line in `INITIALIZERS`."""

from typing import Protocol

import numpy as np

from shared.nn.parameters import Parameters


class Initializer(Protocol):
    """A distribution of the first weights and biases."""

    def draw(self, parameters: Parameters, words: np.random.Philox) -> None:
        """Fill the parameters with numbers that depend on the generator alone."""
        ...


class StandardNormal:
    """N(0, 1) for all weights and biases, the biases first, as in the notebook."""

    def draw(self, parameters: Parameters, words: np.random.Philox) -> None:
        rng = np.random.Generator(words)
        for layer in (*parameters.biases, *parameters.weights):
            layer[...] = rng.standard_normal(layer.shape)


INITIALIZERS: dict[str, Initializer] = {
    "standard-normal": StandardNormal(),
}
