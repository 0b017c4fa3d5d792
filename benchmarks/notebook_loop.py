"""The yardstick: one step of gradient descent as the notebook takes it, a sample at a time in float64."""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def sigmoid(z: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-z))


class NotebookLoop:
    """The notebook's network reduced to its step, with its allocations and its order of work."""

    def __init__(self, sizes: tuple[int, ...], seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.weights = [rng.standard_normal((n_out, n_in)) for n_in, n_out in pairwise(sizes)]
        self.biases = [rng.standard_normal((n_out, 1)) for n_out in sizes[1:]]

    def step(self, mini_batch: list[tuple[Array, Array]], learning_rate: float) -> None:
        """Take one step on pairs of x (n_inputs, 1) and y (n_outputs, 1)."""
        sum_w = [np.zeros(w.shape) for w in self.weights]
        sum_b = [np.zeros(b.shape) for b in self.biases]
        for x, y in mini_batch:
            nabla_w, nabla_b = self.gradient(x, y)
            sum_w = [total + one for total, one in zip(sum_w, nabla_w, strict=True)]
            sum_b = [total + one for total, one in zip(sum_b, nabla_b, strict=True)]
        rate = learning_rate / len(mini_batch)
        self.weights = [w - rate * g for w, g in zip(self.weights, sum_w, strict=True)]
        self.biases = [b - rate * g for b, g in zip(self.biases, sum_b, strict=True)]

    def gradient(self, x: Array, y: Array) -> tuple[list[Array], list[Array]]:
        """Return the gradients by weights and biases for one sample."""
        nabla_w = [np.zeros(w.shape) for w in self.weights]
        nabla_b = [np.zeros(b.shape) for b in self.biases]
        outputs, potentials = [x], []
        for w, b in zip(self.weights, self.biases, strict=True):
            potentials.append(np.dot(w, outputs[-1]) + b)
            outputs.append(sigmoid(potentials[-1]))
        delta = (outputs[-1] - y) * sigmoid(potentials[-1]) * (1 - sigmoid(potentials[-1]))
        for layer in range(len(self.weights) - 1, -1, -1):
            if layer < len(self.weights) - 1:
                slope = sigmoid(potentials[layer]) * (1 - sigmoid(potentials[layer]))
                delta = np.dot(self.weights[layer + 1].T, delta) * slope
            nabla_b[layer] = delta
            nabla_w[layer] = np.dot(delta, outputs[layer].T)
        return nabla_w, nabla_b
