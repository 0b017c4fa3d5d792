"""A multilayer perceptron's formulas, for any number of samples at once: they are the columns of one matrix."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from shared.nn.activations import Activation
from shared.nn.arithmetic import Arithmetic
from shared.nn.losses import Loss
from shared.nn.parameters import Parameters
from shared.nn.tangents import Scratch
from shared.types import Array

_BLOCK = 8192  # elements of a layer that are worked on at a time: they stay in the cache from one pass to the next


class Layers(Protocol):
    """Weights and biases, or a gradient by them.  weights[l]: (n_out, n_in).  biases[l]: (n_out, 1)."""

    @property
    def weights(self) -> Sequence[Array]: ...
    @property
    def biases(self) -> Sequence[Array]: ...


class Block(NamedTuple):
    """Some neurons of a layer, in the memory of a pass: views of it."""

    rows: slice  # of the layer
    output: Array
    delta: Array
    back: Array
    scratch: Scratch


class Workspace:
    """Memory for one pass over so many samples, to be used again: fresh memory costs page faults."""

    def __init__(self, sizes: Sequence[int], n_samples: int, dtype: np.dtype[np.floating]) -> None:
        self.outputs = [np.empty((n_out, n_samples), dtype) for n_out in sizes[1:]]
        self.deltas = [np.empty((n_out, n_samples), dtype) for n_out in sizes[1:]]
        # What comes back through the weights, a sample a row; nothing comes to the last layer.
        self.backs = [np.empty((n_samples, n_out), dtype) for n_out in (*sizes[1:-1], 0)]
        height = max(1, _BLOCK // n_samples)
        scratches = {rows: Scratch((rows, n_samples)) for rows in {n % height for n in sizes[1:]} | {height}}
        self.blocks = [
            [
                Block(
                    rows := slice(start, min(start + height, n_out)),
                    output[rows],
                    delta[rows],
                    back.T[rows],
                    scratches[rows.stop - rows.start],
                )
                for start in range(0, n_out, height)
            ]
            for n_out, output, delta, back in zip(sizes[1:], self.outputs, self.deltas, self.backs, strict=True)
        ]


class MLP:
    """A fully connected network: its formulas, and the memory for them, but none of its weights.

    NumPy may warn of an overflow that is right (and BLAS of what it computes beside a matrix's edge), so whoever
    computes for long does so within `shared.nn.arithmetic.quiet`: entering that for each pass is a percent of its time.
    """

    def __init__(self, sizes: Sequence[int], activation: Activation, loss: Loss, arithmetic: Arithmetic) -> None:
        """sizes: neurons of each layer, inputs first.  arithmetic: made for them."""
        self.sizes, self.arithmetic, self.dtype = tuple(sizes), arithmetic, arithmetic.dtype
        self._activation, self._loss = activation, loss
        self._rounded: Parameters | None = None
        self._workspaces: dict[int, Workspace] = {}  # by the number of samples, of which a run has a few

    def rounded(self, parameters: Parameters) -> Parameters:
        """Return the weights as passes take them (`Arithmetic.weights`); valid until the next call."""
        flat = self.arithmetic.weights(parameters.flat)
        if flat is parameters.flat:
            return parameters
        if self._rounded is None or self._rounded.flat is not flat:
            self._rounded = Parameters(self.sizes, self.dtype, flat)
        return self._rounded

    def forward(self, layers: Layers, x: Array) -> list[Array]:
        """Return the output of every layer, the inputs x first; valid until the next pass.

        layers: as `rounded` gives them.  x: (n_inputs, n_samples), on the arithmetic's `input_grid`.  Each output:
        (n_out, n_samples).
        """
        return self._forward(layers, x, self._workspace(x))

    def predict(self, layers: Layers, x: Array) -> Array:
        """Return the number of the strongest output for each sample: (n_samples,) int64.

        layers and x: as in `forward`.  In exact arithmetic it is the strongest sum, because there outputs near 0 or 1
        are equal.
        """
        workspace = self._workspace(x)
        strengths = self._forward(layers, x, workspace, activate_last=not self.arithmetic.any_order)[-1]
        predicted: Array = strengths.argmax(0)
        return predicted

    def judge(self, layers: Layers, x: Array, y: Array) -> tuple[Array, float]:
        """Return what `predict` does, and the cost summed over the samples.  y: (n_outputs, n_samples), as wanted."""
        workspace = self._workspace(x)
        strengths = self._forward(layers, x, workspace, activate_last=not self.arithmetic.any_order)[-1]
        predicted: Array = strengths.argmax(0)
        if self.arithmetic.any_order:
            for _, z, _, _, scratch in workspace.blocks[-1]:
                self.arithmetic.activate(self._activation, z, scratch)
        return predicted, self._loss.value(strengths, y)

    def backward(self, layers: Layers, x: Array, y: Array, gradient: Layers) -> None:
        """Write the cost's gradient, summed over the samples, into `gradient`.

        layers and x: as in `forward`.  y: (n_outputs, n_samples), the wanted outputs.
        BP1 to BP4 of M. Nielsen, "Neural Networks and Deep Learning", chapter 2; `delta @ a.T` is already the sum over
        the samples.  Raises ValueError for more samples than the arithmetic was made for.
        """
        if x.shape[1] > self.arithmetic.most_samples:
            raise ValueError(f"sums were to be of {self.arithmetic.most_samples} samples at most, not {x.shape[1]}")
        workspace = self._workspace(x)
        outputs = self._forward(layers, x, workspace)
        limits = self.arithmetic.delta_limits(layers.weights)
        last = len(limits) - 1
        for layer in range(last, -1, -1):
            for rows, a, delta, back, _ in workspace.blocks[layer]:
                if layer == last:
                    self._loss.delta(self._activation, a, y[rows], delta)  # BP1
                else:
                    self._activation.derivative(a, delta)
                    delta *= back  # BP2
                self.arithmetic.round_delta(delta, limits[layer])
            delta = workspace.deltas[layer]
            # Outputs go by position: at the notebook's size a keyword costs a tenth of the call.
            np.add.reduce(delta, 1, None, gradient.biases[layer], keepdims=True)  # BP3
            np.matmul(delta, outputs[layer].T, gradient.weights[layer])  # BP4
            if layer:
                # (w.T @ delta).T, so that BLAS reads w as it lies
                np.dot(delta.T, layers.weights[layer], workspace.backs[layer - 1])

    def _forward(self, layers: Layers, x: Array, workspace: Workspace, activate_last: bool = True) -> list[Array]:
        outputs = [x]
        for layer, (w, b) in enumerate(zip(layers.weights, layers.biases, strict=True)):
            np.dot(w, outputs[-1], workspace.outputs[layer])
            for rows, z, _, _, scratch in workspace.blocks[layer]:
                z += b[rows]
                if activate_last or layer < len(workspace.blocks) - 1:
                    self.arithmetic.activate(self._activation, z, scratch)
            outputs.append(workspace.outputs[layer])
        return outputs

    def _workspace(self, x: Array) -> Workspace:
        n_samples = x.shape[1]
        workspace = self._workspaces.get(n_samples)
        if workspace is None:
            workspace = self._workspaces[n_samples] = Workspace(self.sizes, n_samples, self.dtype)
        return workspace
