"""Ray: two actors that hold the data compute summed gradients, the driver averages them and takes the step.

Each actor has half of every mini-batch, and computes with the functions of numpy_vectorised.py. The weights go to
both through Ray's object store (`ray.put`), all layers as one vector; so do the gradients come back.
"""

import os
from typing import Any

import numpy as np

from benchmarks.jobs import JOBS, Job
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
from benchmarks.peers.programs.numpy_vectorised import gradient

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
import ray

ACTORS = 2


@ray.remote(num_cpus=1)
class Actor:
    """Holds the training data and knows the mini-batches."""

    def __init__(self, job: Job, number: int) -> None:
        self._job, self._number = job, number
        self._x, labels = training_data(job)
        self._y = one_hot(labels)
        self._mini_batches = MiniBatches(job)
        np.seterr(over="ignore")

    def gradient(self, weights: Array) -> Array:
        """Return the gradient summed over this actor's part of its next mini-batch."""
        rows = self._mini_batches.next().rows[self._number :: ACTORS]
        return flatten(gradient(self._job, layers(weights, self._job.sizes), self._x[rows], self._y[rows]))


def main() -> None:
    options = parser(__doc__).parse_args()
    job = JOBS[options.job]
    ray.init(
        num_cpus=ACTORS,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
        object_store_memory=2**28,
        _node_ip_address="127.0.0.1",
        _temp_dir=os.environ.get("TMPDIR"),
    )
    start: Any = Actor.remote  # type: ignore[attr-defined]  # which Ray adds
    actors = [start(job, number) for number in range(ACTORS)]
    weights = first_weights(job)
    rate = np.float32(job.learning_rate / job.mini_batch)

    def take(steps: int) -> None:
        for _ in range(steps):
            reference = ray.put(weights)
            first, second = ray.get([actor.gradient.remote(reference) for actor in actors])
            np.subtract(weights, rate * (first + second), out=weights)

    serve(options, take, lambda: weights)
    ray.shutdown()


if __name__ == "__main__":
    main()
