"""The seed's network, under the seed's names: learning in one process, from lists of (x, y) pairs."""

import random
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from threadpoolctl import threadpool_limits

from shared.data.samples import LabelledSamples, VectorSamples
from shared.nn.mlp import activations, backprop, cost_derivative
from shared.nn.parameters import Parameters
from shared.parallel.sgd import (
    Gradients,
    count_correct,
    default_shards,
    epoch_order,
    initial_parameters,
    mini_batch_starts,
    sgd_step,
)

Array = NDArray[Any]
Pair = tuple[Array, Any]


class Network:
    """A fully connected network of sigmoid neurons that learns by mini-batch gradient descent.

    weights[l]: (sizes[l+1], sizes[l]).  biases[l]: (sizes[l+1], 1).
    """

    def __init__(self, sizes: Sequence[int], dtype: DTypeLike = np.float64, seed: int | None = None) -> None:
        """Draw weights and biases from N(0, 1).

        Without a seed they come from NumPy's global generator, in the order of the seed notebook, so that
        `np.random.seed` has the effect it has there; with one they are those of `gradmq train --seed`.
        """
        self.num_layers = len(sizes)
        self.sizes = sizes
        if seed is None:
            randn = np.random.randn  # the generator that the notebook's users seed
            self.biases: list[Array] = [randn(y, 1).astype(dtype) for y in sizes[1:]]
            self.weights: list[Array] = [randn(y, x).astype(dtype) for x, y in pairwise(sizes)]
        else:
            self.parameters = initial_parameters(sizes, seed, dtype)

    @property
    def parameters(self) -> Parameters:
        """A copy of the weights and biases in one vector; setting it makes the lists views of that vector."""
        parameters = Parameters(self.sizes, np.result_type(*self.weights, *self.biases))
        for layer in range(self.num_layers - 1):
            parameters.weights[layer][...] = self.weights[layer]
            parameters.biases[layer][...] = self.biases[layer]
        return parameters

    @parameters.setter
    def parameters(self, parameters: Parameters) -> None:
        self.weights, self.biases = parameters.weights, parameters.biases

    def feedforward(self, a: Array) -> Array:
        """Return the network's output for the input a: (n_inputs, n_samples) to (n_outputs, n_samples)."""
        return activations(self.weights, self.biases, a)[-1]

    def SGD(  # noqa: N802 - the seed's name
        self,
        training_data: Iterable[Pair],
        epochs: int,
        mini_batch_size: int,
        eta: float,
        test_data: Iterable[Pair] | None = None,
        *,
        seed: int | None = None,
        shards: int | None = None,
    ) -> None:
        """Learn from `training_data`, printing the accuracy on `test_data` after each epoch.

        training_data: pairs of x (n_inputs, 1) and y (n_outputs, 1).  test_data: pairs of x and a class number.
        With a seed this is the one-process reference of `gradmq train`: the same data, options and seed give the
        same weights, to the last bit. Without one the order comes from `random.shuffle`, as in the notebook.
        """
        samples = _stack(training_data)
        shards = shards or default_shards(mini_batch_size)
        parameters = self.parameters
        gradients = Gradients(samples, self.sizes, parameters.dtype)
        self.parameters = parameters  # from here on, every step shows in self.weights and self.biases
        tests = None if test_data is None else _labelled(test_data, self.sizes[-1])

        order = np.arange(len(samples))
        for epoch in range(epochs):
            order = _shuffled(order) if seed is None else epoch_order(seed, epoch, len(samples))
            with threadpool_limits(1):  # as in a worker: more threads may add in another order
                for start in mini_batch_starts(len(samples), mini_batch_size):
                    rows = order[start : start + mini_batch_size]
                    gradient, n_samples = gradients.block(parameters, rows, shards)
                    sgd_step(parameters, gradient, eta, n_samples)
            if tests is not None:
                print(f"Epoch {epoch}: accuracy is {count_correct(parameters, tests)}/{len(tests)}")

    def update_mini_batch(self, mini_batch: Iterable[Pair], eta: float) -> None:
        """Take one step of gradient descent on these pairs of x (n_inputs, 1) and y (n_outputs, 1)."""
        samples = _stack(mini_batch)
        parameters = self.parameters
        gradients = Gradients(samples, self.sizes, parameters.dtype)
        gradient, n_samples = gradients.block(parameters, np.arange(len(samples)), 1)
        sgd_step(parameters, gradient, eta, n_samples)
        self.parameters = parameters

    def backprop(self, x: Array, y: Array) -> tuple[list[Array], list[Array]]:
        """Return (nabla_b, nabla_w), the cost's gradient summed over the columns of x and y.

        x: (n_inputs, n_samples).  y: (n_outputs, n_samples).  nabla_b and nabla_w: shaped like biases and weights.
        """
        nabla_b = [np.empty_like(b) for b in self.biases]
        nabla_w = [np.empty_like(w) for w in self.weights]
        backprop(self.weights, self.biases, x, y, nabla_w, nabla_b)
        return nabla_b, nabla_w

    def evaluate(self, test_data: Iterable[Pair]) -> int:
        """Return for how many pairs (x, class number) the strongest output is the right one."""
        return count_correct(self.parameters, _labelled(test_data, self.sizes[-1]))

    def cost_derivative(self, output_activations: Array, y: Array) -> Array:
        """Return the derivative of the cost by the outputs."""
        return cost_derivative(output_activations, y)


def _stack(pairs: Iterable[Pair]) -> VectorSamples:
    """Put pairs of columns into two matrices, a row each."""
    inputs, targets = [], []
    for x, y in pairs:
        inputs.append(np.reshape(x, -1))
        targets.append(np.reshape(y, -1))
    return VectorSamples(np.array(inputs), np.array(targets))


def _labelled(pairs: Iterable[Pair], n_classes: int) -> LabelledSamples:
    """Put pairs of a column and a class number into a matrix and a vector."""
    inputs, labels = [], []
    for x, y in pairs:
        inputs.append(np.reshape(x, -1))
        labels.append(int(y))
    return LabelledSamples(np.array(inputs, float if not inputs else None), np.array(labels, np.int64), n_classes)


def _shuffled(order: Array) -> Array:
    """Shuffle as the seed does, which goes on from the epoch before."""
    rows = order.tolist()
    random.shuffle(rows)
    return np.array(rows)
