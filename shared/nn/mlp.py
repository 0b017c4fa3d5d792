"""The network's formulas, for any number of samples at once: they are the columns of one matrix."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[Any]


def sigmoid(z: Any) -> Any:
    """Return 1 / (1 + exp(-z)), element by element, without a warning at any z.

    z: any shape; integers count as float64.
    """
    # exp overflows to inf for very negative z, and 1 / (1 + inf) is the right answer: 0.
    with np.errstate(over="ignore", under="ignore"):
        return 1.0 / (1.0 + np.exp(np.subtract(0.0, z)))


def sigmoid_prime(z: Any) -> Any:
    """Return the derivative of the sigmoid at z: sigmoid(z) * (1 - sigmoid(z))."""
    s = sigmoid(z)
    return s * (1.0 - s)


def cost_derivative(output_activations: Array, y: Array) -> Array:
    """Return the derivative of the quadratic cost |a - y|² / 2 by the outputs a: both (n_outputs, n_samples)."""
    return output_activations - y


class Workspace:
    """Memory for one pass through a network with so many samples, to be used again: fresh memory costs page faults."""

    def __init__(self, sizes: Sequence[int], n_samples: int, dtype: DTypeLike) -> None:
        self.outputs = [np.empty((n_out, n_samples), dtype) for n_out in sizes[1:]]
        self.deltas = [np.empty((n_out, n_samples), dtype) for n_out in sizes[1:]]
        # What comes back through the weights, for all layers but the last, a sample a row.
        self.backs = [np.empty((n_samples, n_out), dtype) for n_out in sizes[1:-1]]


def activations(
    weights: Sequence[Array], biases: Sequence[Array], x: Array, memory: Sequence[Array] | None = None
) -> list[Array]:
    """Return the output of every layer, the inputs x first.

    x: (n_inputs, n_samples).  weights[l]: (n_out, n_in).  biases[l]: (n_out, 1).  Each output: (n_out, n_samples).
    memory: where the outputs go, if not into new memory.
    """
    outputs = [x]
    # Overflow is right, see `sigmoid`; and BLAS may flag what it computes beside a matrix's edge.
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        for layer, (w, b) in enumerate(zip(weights, biases, strict=True)):
            a = np.dot(w, outputs[-1], memory[layer]) if memory else np.dot(w, outputs[-1])
            # a = sigmoid(a + b), in the same memory.
            a += b
            np.negative(a, a)
            np.exp(a, a)
            a += 1.0
            np.reciprocal(a, a)
            outputs.append(a)
    return outputs


def backprop(
    weights: Sequence[Array],
    biases: Sequence[Array],
    x: Array,
    y: Array,
    nabla_w: Sequence[Array],
    nabla_b: Sequence[Array],
    workspace: Workspace | None = None,
) -> None:
    """Write the cost's gradient, summed over the samples, into `nabla_w` and `nabla_b`.

    x: (n_inputs, n_samples).  y: (n_outputs, n_samples), the wanted outputs.  nabla_w, nabla_b: shaped like
    `weights` and `biases`.  workspace: for as many samples, of the dtype that weights and x have together.
    BP1 to BP4 of M. Nielsen, "Neural Networks and Deep Learning", chapter 2; `delta @ a.T` is already the sum
    over the samples.
    """
    if workspace is None:
        workspace = Workspace([len(x), *map(len, weights)], x.shape[1], np.result_type(x, *weights))
    outputs = activations(weights, biases, x, workspace.outputs)
    last = len(weights) - 1
    for layer in range(last, -1, -1):
        a, delta = outputs[layer + 1], workspace.deltas[layer]
        np.subtract(1.0, a, delta)
        delta *= a  # sigmoid'(z) = a (1 - a)
        delta *= cost_derivative(a, y) if layer == last else workspace.backs[layer].T  # BP1, BP2
        # Outputs go by position: at the seed's size a keyword costs a tenth of the call.
        np.add.reduce(delta, 1, None, nabla_b[layer], keepdims=True)  # BP3
        np.matmul(delta, outputs[layer].T, nabla_w[layer])  # BP4
        if layer:
            # W.T @ delta for BP2, but transposed: so BLAS reads W as it lies.
            np.dot(delta.T, weights[layer], workspace.backs[layer - 1])
