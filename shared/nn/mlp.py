"""A multilayer perceptron's formulas, for any number of samples at once: they are the columns of one matrix."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import DTypeLike

from shared.nn.activations import Activation
from shared.nn.arithmetic import ARITHMETIC, Arithmetic
from shared.nn.losses import Loss
from shared.types import Array


class Layers(Protocol):
    """Weights and biases, or a gradient by them.  weights[l]: (n_out, n_in).  biases[l]: (n_out, 1)."""

    @property
    def weights(self) -> Sequence[Array]: ...
    @property
    def biases(self) -> Sequence[Array]: ...


class Workspace:
    """Memory for one pass over so many samples, to be used again: fresh memory costs page faults."""

    def __init__(self, sizes: Sequence[int], n_samples: int, dtype: DTypeLike) -> None:
        self.outputs = [np.empty((n_out, n_samples), dtype) for n_out in sizes[1:]]
        self.deltas = [np.empty((n_out, n_samples), dtype) for n_out in sizes[1:]]
        # What comes back through the weights, for all layers but the last, a sample a row.
        self.backs = [np.empty((n_samples, n_out), dtype) for n_out in sizes[1:-1]]


class MLP:
    """A fully connected network: its formulas, and the memory for them, but none of its weights.

    NumPy may warn of an overflow that is right (and BLAS of what it computes beside a matrix's edge), so whoever
    computes for long does so within `shared.nn.arithmetic.quiet`: entering that for each pass is a percent of its time.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        dtype: DTypeLike,
        activation: Activation,
        loss: Loss,
        arithmetic: Arithmetic = ARITHMETIC,
    ) -> None:
        """sizes: neurons of each layer, inputs first.  dtype: that weights and samples have together."""
        self.sizes, self.dtype = tuple(sizes), np.dtype(dtype)
        self._activation, self._loss, self._arithmetic = activation, loss, arithmetic
        self._workspaces: dict[int, Workspace] = {}  # by the number of samples, of which a run has a few

    def forward(self, layers: Layers, x: Array) -> list[Array]:
        """Return the output of every layer, the inputs x first; valid until the next pass.

        x: (n_inputs, n_samples).  Each output: (n_out, n_samples).
        """
        return self._forward(layers, x, self._workspace(x))

    def backward(self, layers: Layers, x: Array, y: Array, gradient: Layers) -> None:
        """Write the cost's gradient, summed over the samples, into `gradient`.

        x: (n_inputs, n_samples).  y: (n_outputs, n_samples), the wanted outputs.
        BP1 to BP4 of M. Nielsen, "Neural Networks and Deep Learning", chapter 2; `delta @ a.T` is already the sum over
        the samples.
        """
        workspace = self._workspace(x)
        outputs = self._forward(layers, x, workspace)
        activation, arithmetic = self._activation, self._arithmetic
        last = len(workspace.deltas) - 1
        for layer in range(last, -1, -1):
            a, delta = outputs[layer + 1], workspace.deltas[layer]
            if layer == last:
                self._loss.delta(activation, a, y, delta)  # BP1
            else:
                activation.derivative(a, delta)
                delta *= workspace.backs[layer].T  # BP2
            arithmetic.gradient(delta, outputs[layer], gradient.weights[layer], gradient.biases[layer])  # BP3, BP4
            if layer:
                arithmetic.back(delta, layers.weights[layer], workspace.backs[layer - 1])

    def _forward(self, layers: Layers, x: Array, workspace: Workspace) -> list[Array]:
        outputs = [x]
        affine, apply = self._arithmetic.affine, self._activation.apply
        for w, b, a in zip(layers.weights, layers.biases, workspace.outputs, strict=True):
            affine(w, outputs[-1], b, a)
            apply(a)
            outputs.append(a)
        return outputs

    def _workspace(self, x: Array) -> Workspace:
        n_samples = x.shape[1]
        workspace = self._workspaces.get(n_samples)
        if workspace is None:
            workspace = self._workspaces[n_samples] = Workspace(self.sizes, n_samples, self.dtype)
        return workspace
