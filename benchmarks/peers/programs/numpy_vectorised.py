"""Plain vectorised NumPy in one process: what one would write without a framework. Not GradMQ's code.

A mini-batch is a matrix with a sample a row; the weights are updated in place.
"""

import numpy as np

from benchmarks.jobs import JOBS
from benchmarks.peers.programs.common import (
    Array,
    MiniBatches,
    first_weights,
    flatten,
    layers,
    one_hot,
    parser,
    serve,
    training_data,
)


def sigmoid(z: Array) -> Array:
    activation: Array = 1 / (1 + np.exp(-z))
    return activation


def gradient(network: list[tuple[Array, Array]], x: Array, y: Array) -> list[tuple[Array, Array]]:
    """Return the quadratic cost's gradient by (w, b) of each layer, summed over the samples.

    x: (n, n_inputs).  y: (n, n_outputs).
    """
    outputs = [x]
    for w, b in network:
        outputs.append(sigmoid(outputs[-1] @ w.T + b))
    error = outputs[-1] - y
    nabla = []
    for (w, _), before, after in zip(network[::-1], outputs[-2::-1], outputs[:0:-1], strict=True):
        delta = error * after * (1 - after)
        nabla.append((delta.T @ before, delta.sum(axis=0)))
        if before is not x:
            error = delta @ w
    return nabla[::-1]


def main() -> None:
    options = parser(__doc__).parse_args()
    job = JOBS[options.job]
    x, labels = training_data()
    y = one_hot(labels)
    mini_batches = MiniBatches(job.mini_batch)
    network = layers(first_weights(job.sizes), job.sizes)
    rate = np.float32(job.learning_rate / job.mini_batch)
    np.seterr(over="ignore")  # exp(-z) may be infinite, and the sigmoid 0

    def take(steps: int) -> None:
        for _ in range(steps):
            rows = mini_batches.next()
            for (w, b), (nabla_w, nabla_b) in zip(network, gradient(network, x[rows], y[rows]), strict=True):
                w -= rate * nabla_w
                b -= rate * nabla_b

    serve(options, take, lambda: flatten(network))


if __name__ == "__main__":
    main()
