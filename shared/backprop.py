"""The network's formulas, for any number of samples at once: they are the columns of one matrix."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

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


def activations(weights: Sequence[Array], biases: Sequence[Array], x: Array) -> list[Array]:
    """Return the output of every layer, the inputs x first.

    x: (n_inputs, n_samples).  weights[l]: (n_out, n_in).  biases[l]: (n_out, 1).  Each output: (n_out, n_samples).
    """
    outputs = [x]
    # Overflow is right, see `sigmoid`; and BLAS may flag what it computes beside a matrix's edge.
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        for w, b in zip(weights, biases, strict=True):
            a = np.dot(w, outputs[-1])
            # a = sigmoid(a + b), in the memory that the backward pass needs anyway.
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
) -> None:
    """Write the cost's gradient, summed over the samples, into `nabla_w` and `nabla_b`.

    x: (n_inputs, n_samples).  y: (n_outputs, n_samples), the wanted outputs.  nabla_w, nabla_b: shaped like
    `weights` and `biases`, of the same dtype.
    BP1 to BP4 of M. Nielsen, "Neural Networks and Deep Learning", chapter 2; `delta @ a.T` is already the sum
    over the samples.
    """
    outputs = activations(weights, biases, x)
    a = outputs.pop()
    delta = cost_derivative(a, y)
    for layer in reversed(range(len(weights))):
        prime = 1.0 - a
        prime *= a  # sigmoid'(z) = a (1 - a)
        delta *= prime  # BP1, BP2
        a = outputs.pop()
        # Outputs go by position: at the seed's size a keyword costs a tenth of the call.
        np.add.reduce(delta, 1, None, nabla_b[layer], keepdims=True)  # BP3
        np.matmul(delta, a.T, nabla_w[layer])  # BP4
        if layer:
            delta = np.dot(weights[layer].T, delta)
