"""The seed's loop: a sample at a time, in float64, as it computes ever since; its step is benchmarks/seed_loop.py.

The samples are pairs of columns, as the seed's loader makes them: x in float32, as in its pickle, y in float64.
"""

import sys
from pathlib import Path

import numpy as np
from contender import JOBS, MiniBatches, first_weights, flatten, layers, one_hot, parser, serve, training_data

sys.path.append(str(Path(__file__).parents[1]))
from seed_loop import SeedLoop


def main() -> None:
    options = parser(__doc__).parse_args()
    job = JOBS[options.job]
    x, labels = training_data()
    pairs = list(zip(x[:, :, np.newaxis], one_hot(labels).astype(np.float64)[:, :, np.newaxis], strict=True))
    mini_batches = MiniBatches(job.mini_batch)
    network = SeedLoop(job.sizes)
    first = layers(first_weights(job.sizes).astype(np.float64), job.sizes)
    network.weights, network.biases = [w for w, _ in first], [b[:, np.newaxis] for _, b in first]

    def take(steps: int) -> None:
        for _ in range(steps):
            network.step([pairs[row] for row in mini_batches.next()], job.eta)

    serve(options, take, lambda: flatten(list(zip(network.weights, network.biases, strict=True))))


if __name__ == "__main__":
    main()
