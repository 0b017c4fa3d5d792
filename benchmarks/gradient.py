"""What the gradient of a mini-batch of 10 costs, beside plain vectorised NumPy and the notebook's loop.

All three take turns on the same mini-batch, in float64, with one BLAS thread; only the ratios are worth quoting.
"""

import timeit
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.cli import Parser
from benchmarks.harness import native
from benchmarks.jobs import NOTEBOOKS
from benchmarks.notebook_loop import NotebookLoop, sigmoid
from benchmarks.turns import in_turn, turns_table
from shared.nn.arithmetic import one_thread
from shared.nn.parameters import Parameters

Array = NDArray[Any]

SIZES, MINI_BATCH = NOTEBOOKS.sizes, NOTEBOOKS.mini_batch
PLAIN = "plain NumPy"


def main() -> None:
    parser = Parser("benchmarks.gradient", __doc__)
    parser.amount("--rounds", 20, 2, "how often each has its turn")
    parser.amount("--calls", 300, 30, "of each in a round")
    options = parser.parse()

    loop = NotebookLoop(SIZES)
    (w_1, w_2), (b_1, b_2) = loop.weights, loop.biases
    rng = np.random.default_rng(0)
    x, y = rng.random((MINI_BATCH, SIZES[0])).T, np.eye(SIZES[-1])[rng.integers(0, 10, MINI_BATCH)].T
    result, mlp = Parameters(SIZES, np.float64), replace(native(NOTEBOOKS, shards=1), dtype="float64").mlp()

    def plain() -> tuple[Array, ...]:
        a_1 = sigmoid(w_1 @ x + b_1)
        a_2 = sigmoid(w_2 @ a_1 + b_2)
        delta_2 = (a_2 - y) * a_2 * (1 - a_2)
        delta_1 = (w_2.T @ delta_2) * a_1 * (1 - a_1)
        return delta_1 @ x.T, delta_1.sum(1, keepdims=True), delta_2 @ a_1.T, delta_2.sum(1, keepdims=True)

    def ours() -> None:
        mlp.backward(loop, x, y, result)

    def notebook() -> None:
        for sample in range(MINI_BATCH):
            loop.gradient(x[:, [sample]], y[:, [sample]])

    def microseconds(call: Callable[[], object]) -> Callable[[], float]:
        return lambda: timeit.timeit(call, number=options.calls) / options.calls * 1e6

    ours()
    np.testing.assert_allclose(result.flat, np.concatenate([part.ravel() for part in plain()]), rtol=1e-12, atol=1e-12)
    peers = {PLAIN: plain, "GradMQ": ours, "the notebook's loop": notebook}
    with one_thread():
        columns = in_turn(options.rounds, {name: microseconds(call) for name, call in peers.items()})
    print(turns_table(f"µs for the gradient of {MINI_BATCH} samples", columns, PLAIN))


if __name__ == "__main__":
    main()
