"""The notebook's loop: a sample at a time, in float64, as it computes ever since.

The samples are pairs of columns, as the notebook's loader makes them: x in float32, as in its pickle, y in float64.
"""

import numpy as np

from benchmarks.jobs import JOBS
from benchmarks.notebook_loop import NotebookLoop
from benchmarks.peers.programs.common import (
    MiniBatches,
    first_weights,
    flatten,
    layers,
    one_hot,
    parser,
    serve,
    training_data,
)


def main() -> None:
    options = parser(__doc__).parse_args()
    job = JOBS[options.job]
    x, labels = training_data(job)
    pairs = list(zip(x[:, :, np.newaxis], one_hot(labels).astype(np.float64)[:, :, np.newaxis], strict=True))
    mini_batches = MiniBatches(job)
    network = NotebookLoop(job.sizes)
    first = layers(first_weights(job).astype(np.float64), job.sizes)
    network.weights, network.biases = [w for w, _ in first], [b[:, np.newaxis] for _, b in first]

    def take(steps: int) -> None:
        for _ in range(steps):
            network.step([pairs[row] for row in mini_batches.next().rows], job.learning_rate)

    serve(options, take, lambda: flatten(list(zip(network.weights, network.biases, strict=True))))


if __name__ == "__main__":
    main()
