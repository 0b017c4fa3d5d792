"""A multilayer perceptron's formulas, for any number of samples at once: they are the columns of one matrix."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from shared.nn.architecture import Architecture
from shared.nn.arithmetic import Arithmetic
from shared.nn.inputs import InputFormat
from shared.nn.losses import COSTS, SQUARES
from shared.nn.memory import Memory
from shared.nn.parameters import Parameters
from shared.nn.score import Score
from shared.nn.tangents import Scratch
from shared.types import Array, Rows, Vector

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
        # The last layer is one block: its function may be one of all its sums.
        heights = [*[height] * (len(sizes) - 2), sizes[-1]]
        rows_of_blocks = {sizes[-1], height, *(n % height for n in sizes[1:-1])}
        scratches = {rows: Scratch((rows, n_samples)) for rows in rows_of_blocks}
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
            for n_out, height, output, delta, back in zip(
                sizes[1:], heights, self.outputs, self.deltas, self.backs, strict=True
            )
        ]


class MLP:
    """A fully connected network: its formulas, and the memory for them, but none of its weights.

    NumPy may warn of an overflow that is right (and BLAS of what it computes beside a matrix's edge), so whoever
    computes for long does so within `shared.nn.arithmetic.quiet`: entering that for each pass is a percent of its time.
    """

    def __init__(self, architecture: Architecture, arithmetic: Arithmetic) -> None:
        """arithmetic: made for this architecture."""
        self.sizes, self.arithmetic, self.dtype = architecture.sizes, arithmetic, arithmetic.dtype
        self.inputs = InputFormat(self.dtype, arithmetic.input_grid, architecture.mean, architecture.deviation)
        self._activation, self._output, self._loss = architecture.activation, architecture.output, architecture.loss
        # That is decided by the whole mini-batch: its cost is the same however it is cut for the passes.
        self._rounds_costs = arithmetic.any_order and self.sizes[-1] * arithmetic.most_samples > SQUARES
        self._rounded: Parameters | None = None
        self._workspaces: dict[int, Workspace] = {}  # by the number of samples, of which a run has a few
        self._dropped = [Memory(self.dtype) for _ in self.sizes[:-1]]  # what dropout leaves of inputs and outputs

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

        layers: as `rounded` gives them.  x: (n_inputs, n_samples), in the format `inputs`.  Each output:
        (n_out, n_samples).
        """
        workspace = self._workspace(x)
        outputs = self._hidden_outputs(layers, x, workspace)
        self._last_sums(layers, outputs[-1], workspace)
        return [*outputs, self._last_outputs(workspace)]

    def predict(self, layers: Layers, x: Array) -> Array:
        """Return the number of the strongest output for each sample: (n_samples,) int64.

        layers and x: as in `forward`.  In exact arithmetic it is the strongest sum, because there outputs near 0 or 1
        are equal.
        """
        predicted: Array = self._predict(layers, x).argmax(0)
        return predicted

    def answer(self, layers: Layers, x: Array) -> tuple[Array, Array]:
        """Return what `predict` returns, and the outputs: (n_outputs, n_samples), valid until the next pass."""
        strengths = self._predict(layers, x)
        predicted = strengths.argmax(0)
        return predicted, self._last_outputs(self._workspace(x)) if self.arithmetic.any_order else strengths

    def score(self, layers: Layers, x: Array, y: Array, labels: Rows | None) -> Score:
        """Return how good the predictions of these samples are.

        layers, x and y: as in `backward`.  labels: (n_samples,), the numbers of the right outputs, or None if no output
        is the right one.  The cost is a multiple of `COSTS.unit`, so that those of very many passes can be added.
        """
        strengths = self._predict(layers, x)
        right = 0 if labels is None else int(np.count_nonzero(strengths.argmax(0) == labels))
        outputs = self._last_outputs(self._workspace(x)) if self.arithmetic.any_order else strengths
        return Score.of(right, COSTS.rounded(self._cost(outputs, y)), x.shape[1])

    def backward(
        self,
        layers: Layers,
        x: Array,
        y: Array,
        gradient: Layers,
        weights: Vector | None = None,
        kept: Sequence[Array | None] = (),
    ) -> Array:
        """Write the cost's gradient, summed over the samples, into `gradient`; return the outputs before that.

        layers and x: as in `forward`.  y: (n_outputs, n_samples), the wanted outputs.  weights: (n_samples,), by which
        each sample's cost is multiplied; default: 1.  kept: dropout, as by what the inputs, and the outputs of each
        hidden layer, are multiplied: an array shaped like them, or None.  The outputs are valid until the next pass.
        BP1 to BP4 of M. Nielsen, "Neural Networks and Deep Learning", chapter 2; `delta @ a.T` is already the sum over
        the samples.  Raises ValueError for more samples than the arithmetic was made for.
        """
        if x.shape[1] > self.arithmetic.most_samples:
            raise ValueError(f"sums were to be of {self.arithmetic.most_samples} samples at most, not {x.shape[1]}")
        workspace = self._workspace(x)
        outputs = self._hidden_outputs(layers, x, workspace, kept)
        self._last_sums(layers, outputs[-1], workspace)
        found = self._last_outputs(workspace)
        limits = self.arithmetic.delta_limits(layers.weights)
        last = len(limits) - 1
        for layer in range(last, -1, -1):
            for rows, a, delta, back, _ in workspace.blocks[layer]:
                if layer == last:
                    self._loss.delta(self._output, a, y, delta)  # BP1
                    if weights is not None:
                        delta *= weights
                else:
                    self._activation.derivative(a, delta)
                    delta *= back  # BP2
                    if kept and (factors := kept[layer + 1]) is not None:
                        delta *= factors[rows]
                self.arithmetic.round_delta(delta, limits[layer])
            delta = workspace.deltas[layer]
            # Outputs go by position: at the notebook's size a keyword costs a tenth of the call.
            np.add.reduce(delta, 1, None, gradient.biases[layer], keepdims=True)  # BP3
            np.matmul(delta, outputs[layer].T, gradient.weights[layer])  # BP4
            if layer:
                # (w.T @ delta).T, so that BLAS reads w as it lies
                np.dot(delta.T, layers.weights[layer], workspace.backs[layer - 1])
        return found

    def score_outputs(self, outputs: Array, y: Array, labels: Rows | None, weights: Vector | None = None) -> Score:
        """Return how good the outputs of `backward` are: what a training pass tells by the way.

        y and weights: as there.  labels: as in `score`, or None if no output is the right one.
        """
        right = 0 if labels is None else int(np.count_nonzero(outputs.argmax(0) == labels))
        return Score.of(right, self._cost(outputs, y, weights), outputs.shape[1])

    def _predict(self, layers: Layers, x: Array) -> Array:
        """Return what tells the classes apart: (n_outputs, n_samples), valid until the next pass."""
        workspace = self._workspace(x)
        sums = self._last_sums(layers, self._hidden_outputs(layers, x, workspace)[-1], workspace)
        return sums if self.arithmetic.any_order else self._last_outputs(workspace)

    def _hidden_outputs(
        self, layers: Layers, x: Array, workspace: Workspace, kept: Sequence[Array | None] = ()
    ) -> list[Array]:
        """Return what the layers but the last get and give: the inputs, and the outputs of the hidden layers."""
        if kept and (factors := kept[0]) is not None:
            x = np.multiply(x, factors, self._dropped[0].array(x.shape))
            self.arithmetic.round_inputs(x)
        outputs = [x]
        for layer in range(len(self.sizes) - 2):
            np.dot(layers.weights[layer], outputs[-1], workspace.outputs[layer])
            for rows, z, _, _, scratch in workspace.blocks[layer]:
                z += layers.biases[layer][rows]
                self.arithmetic.activate(self._activation, z, scratch)
            a = workspace.outputs[layer]
            if kept and (factors := kept[layer + 1]) is not None:
                # In other memory: `derivative` needs what it was.
                a = np.multiply(a, factors, self._dropped[layer + 1].array(a.shape))
                self.arithmetic.round_outputs(a)
            outputs.append(a)
        return outputs

    def _last_sums(self, layers: Layers, a: Array, workspace: Workspace) -> Array:
        z = workspace.outputs[-1]
        np.dot(layers.weights[-1], a, z)
        z += layers.biases[-1]
        return z

    def _last_outputs(self, workspace: Workspace) -> Array:
        """Return what the output makes of the sums that are there."""
        (block,) = workspace.blocks[-1]
        self.arithmetic.activate(self._output, block.output, block.scratch)
        return block.output

    def _cost(self, a: Array, y: Array, weights: Vector | None = None) -> float:
        """Return the cost of all samples, on a grid."""
        if weights is None and not self._rounds_costs:
            cost = self._loss.cost(self._output, a, y)
            return cost if self.arithmetic.any_order else COSTS.rounded(cost)
        costs = self._loss.costs(self._output, a, y)
        if weights is not None:
            costs *= weights
            COSTS.round(costs, costs)
        return float(np.add.reduce(costs))

    def _workspace(self, x: Array) -> Workspace:
        n_samples = x.shape[1]
        workspace = self._workspaces.get(n_samples)
        if workspace is None:
            workspace = self._workspaces[n_samples] = Workspace(self.sizes, n_samples, self.dtype)
        return workspace
