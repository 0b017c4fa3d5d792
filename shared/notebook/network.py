"""The notebook's network, under its names: learning in one process, from lists of (x, y) pairs."""

import random
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from shared.config import TrainConfig
from shared.data.sampler import Step, epoch_order
from shared.data.samples import LabelledSamples, VectorSamples, check_range
from shared.errors import ConfigError
from shared.nn.activations import Sigmoid
from shared.nn.arithmetic import ARITHMETICS, one_thread, quiet
from shared.nn.evaluation import evaluate
from shared.nn.mlp import MLP
from shared.nn.parameters import Parameters
from shared.notebook.pairs import Pair, check_course, check_some, labelled, learned
from shared.parallel.sharding import default_shards
from shared.parallel.strategy import Strategy, strategy_of
from shared.strategies import SyncSGD
from shared.types import Array, Rows


def sigmoid(z: Any) -> Any:
    """Return 1 / (1 + exp(-z)), element by element, without a warning at any z.

    z: any shape; integers count as float64.
    """
    a = np.asarray(np.add(z, 0.0))
    with quiet():
        Sigmoid().apply(a)
    return a[()]


def sigmoid_prime(z: Any) -> Any:
    """Return the derivative of the sigmoid at z: sigmoid(z) * (1 - sigmoid(z))."""
    s = sigmoid(z)
    return s * (1.0 - s)


class Network:
    """A fully connected network of sigmoid neurons that learns by mini-batch gradient descent.

    weights[l]: (sizes[l+1], sizes[l]).  biases[l]: (sizes[l+1], 1).

    A subclass may have methods of its own in the place of any of these, which are called where the notebook calls them:
    `SGD` calls `update_mini_batch` and `evaluate`, these `backprop` for each pair and `feedforward`, and `backprop`
    `cost_derivative`. That is as slow as the notebook. What nobody has replaced is computed many samples at a time.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        dtype: DTypeLike = np.float64,
        seed: int | None = None,
        *,
        arithmetic: str = "native",
    ) -> None:
        """Draw weights and biases from N(0, 1).

        Without a seed they come from NumPy's global generator, in the order of the notebook, so that `np.random.seed`
        has the effect it has there; with one they are those of `gradmq train --seed`. In exact arithmetic (see
        `shared.nn.arithmetic`) the dtype is float64; inputs must be between -1 and 1, wanted outputs between 0 and 1.
        """
        self.num_layers = len(sizes)
        self.sizes = sizes
        self._arithmetic = arithmetic
        self._config(dtype)  # raises ConfigError for what is no network
        if seed is None:
            randn = np.random.randn  # the generator that the notebook's users seed
            self.biases: list[Array] = [randn(y, 1).astype(dtype) for y in sizes[1:]]
            self.weights: list[Array] = [randn(y, x).astype(dtype) for x, y in pairwise(sizes)]
        else:
            self.parameters = self._config(dtype, seed=seed).initial_parameters()

    @property
    def parameters(self) -> Parameters:
        """A copy of the weights and biases in one vector; setting it makes the lists views of that vector."""
        parameters = Parameters(self.sizes, self._dtype)
        for layer in range(self.num_layers - 1):
            parameters.weights[layer][...] = self.weights[layer]
            parameters.biases[layer][...] = self.biases[layer]
        return parameters

    @parameters.setter
    def parameters(self, parameters: Parameters) -> None:
        self.weights, self.biases = parameters.weights, parameters.biases

    def feedforward(self, a: Array) -> Array:
        """Return the network's output for the input a: (n_inputs, n_samples) to (n_outputs, n_samples)."""
        with quiet():
            mlp = self._mlp(a)
            return mlp.forward(mlp.rounded(self.parameters), self._on_grid(a, "inputs", -1))[-1]

    def SGD(  # noqa: N802 - the notebook's name
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
        pairs = [*training_data]
        tests = None if test_data is None else [*test_data]
        check_course(epochs, mini_batch_size, eta)
        check_some("training_data", pairs)
        if tests is not None:
            check_some("test_data", tests)
        samples = learned(pairs, self.sizes)
        take_step = self._mini_batches(pairs, samples, mini_batch_size, eta, shards)
        right = self._counting(tests)
        order = np.arange(len(samples))
        for epoch in range(epochs):
            order = _shuffled(order) if seed is None else epoch_order(seed, epoch, len(samples))
            with one_thread(), quiet():
                for start in range(0, len(samples), mini_batch_size):
                    take_step(order[start : start + mini_batch_size])
            if tests is not None:
                print(f"Epoch {epoch}: accuracy is {right()}/{len(tests)}")

    def _mini_batches(
        self, pairs: Sequence[Pair], samples: VectorSamples, mini_batch_size: int, eta: float, shards: int | None
    ) -> Callable[[Rows], None]:
        """Return what takes a step by the samples with these numbers."""
        if self._replaces("update_mini_batch", "backprop", "cost_derivative"):
            return lambda rows: self.update_mini_batch([pairs[row] for row in rows.tolist()], eta)
        if shards is None and self._arithmetic == "native":
            shards = default_shards(mini_batch_size)
        parameters = self.parameters
        strategy = self._strategy(samples, mini_batch_size, eta, shards)
        self.parameters = parameters  # from here on, every step shows in self.weights and self.biases
        return lambda rows: _take_step(strategy, parameters, rows)

    def _counting(self, tests: list[Pair] | None) -> Callable[[], int]:
        """Return what counts the pairs for which the strongest output is the right one."""
        if tests is None or self._replaces("evaluate", "feedforward"):
            return lambda: self.evaluate(tests or [])
        found = labelled(tests, self.sizes)
        return lambda: self._count_correct(found)

    def _replaces(self, *names: str) -> bool:
        """Tell whether a subclass, or whoever has this network, has put another method in the place of one of ours."""
        return any(
            getattr(found := getattr(self, name), "__func__", found) is not getattr(Network, name) for name in names
        )

    def update_mini_batch(self, mini_batch: Iterable[Pair], eta: float) -> None:
        """Take one step of gradient descent on these pairs of x (n_inputs, 1) and y (n_outputs, 1)."""
        pairs = [*mini_batch]
        check_course(1, len(pairs), eta)
        samples = learned(pairs, self.sizes)
        if self._replaces("backprop", "cost_derivative"):
            return self._update_pair_by_pair(pairs, eta)
        parameters = self.parameters
        with quiet():
            _take_step(self._strategy(samples, len(samples), eta), parameters, np.arange(len(samples)))
        self.parameters = parameters
        return None

    def _update_pair_by_pair(self, pairs: Sequence[Pair], eta: float) -> None:
        """Take the step as the notebook does.  Raises ConfigError in exact arithmetic."""
        if self._arithmetic != "native":
            rule = "cannot add what a backprop or a cost_derivative of one's own returns"
            raise ConfigError("arithmetic", self._arithmetic, rule, "give native")
        total = Parameters(self.sizes, self._dtype)
        for x, y in pairs:
            nabla_b, nabla_w = self.backprop(np.reshape(x, (-1, 1)), np.reshape(y, (-1, 1)))
            for sums, more in ((total.biases, nabla_b), (total.weights, nabla_w)):
                for each, one in zip(sums, more, strict=True):
                    each += one
        rate = eta / len(pairs)
        self.weights = [w - rate * nabla for w, nabla in zip(self.weights, total.weights, strict=True)]
        self.biases = [b - rate * nabla for b, nabla in zip(self.biases, total.biases, strict=True)]

    def backprop(self, x: Array, y: Array) -> tuple[list[Array], list[Array]]:
        """Return (nabla_b, nabla_w), the cost's gradient summed over the columns of x and y.

        x: (n_inputs, n_samples).  y: (n_outputs, n_samples).  nabla_b and nabla_w: shaped like biases and weights.
        """
        if self._replaces("cost_derivative"):
            return self._backprop_by(x, y)
        gradient = Parameters(self.sizes, self._dtype)
        with quiet():
            mlp = self._mlp(x)
            x, y = self._on_grid(x, "inputs", -1), self._on_grid(y, "wanted outputs", 0)
            mlp.backward(mlp.rounded(self.parameters), x, y, gradient)
        return gradient.biases, gradient.weights

    def _backprop_by(self, x: Array, y: Array) -> tuple[list[Array], list[Array]]:
        """Return what `backprop` returns, by a cost_derivative that is not ours: as the notebook computes it."""
        with quiet():
            outputs, sums = [x], list[Array]()
            for w, b in zip(self.weights, self.biases, strict=True):
                sums.append(w @ outputs[-1] + b)
                outputs.append(sigmoid(sums[-1]))
            delta = self.cost_derivative(outputs[-1], y) * sigmoid_prime(sums[-1])
            nabla_b, nabla_w = list[Array](), list[Array]()
            for layer in range(self.num_layers - 2, -1, -1):
                nabla_b.insert(0, delta.sum(1, keepdims=True))
                nabla_w.insert(0, delta @ outputs[layer].T)
                if layer:
                    delta = self.weights[layer].T @ delta * sigmoid_prime(sums[layer - 1])
        return nabla_b, nabla_w

    def evaluate(self, test_data: Iterable[Pair]) -> int:
        """Return for how many pairs (x, class number) the strongest output is the right one."""
        pairs = [*test_data]
        tests = labelled(pairs, self.sizes)
        if self._replaces("feedforward"):
            columns = (np.reshape(x, (-1, 1)) for x, _ in pairs)
            return sum(
                int(np.argmax(self.feedforward(x)) == y) for x, y in zip(columns, tests.labels.tolist(), strict=True)
            )
        return self._count_correct(tests)

    def cost_derivative(self, output_activations: Array, y: Array) -> Array:
        """Return the derivative of the quadratic cost by the outputs."""
        return output_activations - y

    def _count_correct(self, tests: LabelledSamples) -> int:
        with quiet():
            tests.check_inputs(self._arithmetic)
            mlp = self._mlp(np.empty((0, 1), self._dtype))
            return evaluate(mlp, mlp.rounded(self.parameters), tests).correct

    @property
    def _dtype(self) -> np.dtype[Any]:
        return np.result_type(*self.weights, *self.biases)

    def _mlp(self, x: Array) -> MLP:
        return self._config(np.result_type(x, self._dtype), mini_batch_size=x.shape[1]).mlp()

    def _on_grid(self, values: Array, what: str, least: int) -> Array:
        """Return inputs or wanted outputs as the network's sums take them.  Raises DataError for others."""
        check_range(what, values, least, self._arithmetic)
        return self._mlp(values).inputs.convert(values) if ARITHMETICS[self._arithmetic].any_order else values

    def _strategy(
        self, samples: VectorSamples, mini_batch_size: int, eta: float, shards: int | None = None
    ) -> Strategy:
        samples.check_inputs(self._arithmetic)
        config = self._config(self._dtype, mini_batch_size=mini_batch_size, learning_rate=eta, shards=shards)
        return strategy_of(config, samples)

    def _config(self, dtype: DTypeLike, shards: int | None = None, **options: Any) -> TrainConfig:
        if shards is None and self._arithmetic == "native":
            shards = 1
        usual = {"epochs": 1, "mini_batch_size": 1, "learning_rate": 1.0}
        return TrainConfig(
            sizes=tuple(self.sizes),
            arithmetic=self._arithmetic,
            dtype=np.dtype(dtype).name,
            strategy=SyncSGD(shards=shards),
            **{**usual, **options},
        )


def _take_step(strategy: Strategy, parameters: Parameters, rows: Rows) -> None:
    step, n_units = Step(0, 0, 0, 0, rows), len(strategy.bounds(len(rows))) - 1
    total, _ = strategy.block(strategy.broadcast(parameters), step, 0, n_units)
    strategy.update(parameters, {}, step, total)


def _shuffled(order: Rows) -> Rows:
    """Shuffle as the notebook does, which goes on from the epoch before."""
    rows = order.tolist()
    random.shuffle(rows)
    return np.array(rows)
