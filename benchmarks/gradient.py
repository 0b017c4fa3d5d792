"""What the gradient of a mini-batch of 10 costs, beside plain vectorised NumPy and the seed's loop.

    python benchmarks/gradient.py [--rounds 20]

All three take turns on the same mini-batch, in float64, with one BLAS thread; only the ratios are worth quoting.
"""

import argparse
import statistics
import timeit
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from seed_loop import SeedLoop, sigmoid
from threadpoolctl import threadpool_limits

from shared.nn.mlp import Scratch, backprop
from shared.nn.parameters import Parameters

Array = NDArray[Any]

SIZES = (784, 30, 10)
MINI_BATCH = 10
CALLS = 300  # in a round


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()

    seed_loop = SeedLoop(SIZES)
    (w_1, w_2), (b_1, b_2) = seed_loop.weights, seed_loop.biases
    rng = np.random.default_rng(0)
    x, y = rng.random((MINI_BATCH, SIZES[0])).T, np.eye(SIZES[-1])[rng.integers(0, 10, MINI_BATCH)].T
    result, scratch = Parameters(SIZES, np.float64), Scratch(SIZES, MINI_BATCH, np.float64)

    def plain() -> tuple[Array, ...]:
        a_1 = sigmoid(w_1 @ x + b_1)
        a_2 = sigmoid(w_2 @ a_1 + b_2)
        delta_2 = (a_2 - y) * a_2 * (1 - a_2)
        delta_1 = (w_2.T @ delta_2) * a_1 * (1 - a_1)
        return delta_1 @ x.T, delta_1.sum(1, keepdims=True), delta_2 @ a_1.T, delta_2.sum(1, keepdims=True)

    def ours() -> None:
        backprop(seed_loop.weights, seed_loop.biases, x, y, result.weights, result.biases, scratch)

    def loop() -> None:
        for sample in range(MINI_BATCH):
            seed_loop.gradient(x[:, [sample]], y[:, [sample]])

    contenders: dict[str, Callable[[], object]] = {"plain NumPy": plain, "GradMQ": ours, "seed loop": loop}
    ours()
    np.testing.assert_allclose(result.flat, np.concatenate([part.ravel() for part in plain()]), rtol=1e-12, atol=1e-12)
    with threadpool_limits(1):
        rounds = [
            {name: timeit.timeit(call, number=CALLS) / CALLS * 1e6 for name, call in contenders.items()}
            for _ in range(options.rounds)
        ]
    print(f"microseconds for the gradient of a mini-batch of {MINI_BATCH}, {options.rounds} rounds")
    for name in contenders:
        times = [times[name] for times in rounds]
        ratio = statistics.median(times[name] / times["plain NumPy"] for times in rounds)
        print(f"  {name:12} median {statistics.median(times):6.1f}   min {min(times):6.1f}   {ratio:.2f} x plain NumPy")


if __name__ == "__main__":
    main()
