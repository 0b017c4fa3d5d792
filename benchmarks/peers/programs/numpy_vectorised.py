"""Plain vectorised NumPy in one process: what one would write without a framework. Not GradMQ's code.

A mini-batch is a matrix with a sample a row; the weights are updated in place.
"""

from collections.abc import Callable

import numpy as np

from benchmarks.jobs import JOBS, Job
from benchmarks.peers.programs.common import (
    Array,
    MiniBatch,
    MiniBatches,
    first_weights,
    flatten,
    layers,
    one_hot,
    parser,
    serve,
    training_data,
    training_images,
)
from benchmarks.peers.programs.deformation import DeformedInputs

Network = list[tuple[Array, Array]]  # (w, b) of each layer


def sigmoid(z: Array) -> Array:
    activation: Array = 1 / (1 + np.exp(-z))
    return activation


def relu(z: Array) -> Array:
    return np.maximum(z, 0)


def softmax(z: Array) -> Array:
    exponentials = np.exp(z - z.max(axis=1, keepdims=True))
    activation: Array = exponentials / exponentials.sum(axis=1, keepdims=True)
    return activation


# What becomes of sums, and its derivative by them in terms of itself.
ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "sigmoid": (sigmoid, lambda a: a * (1 - a)),
    "relu": (relu, lambda a: a > 0),
}


def gradient(job: Job, network: Network, x: Array, y: Array) -> Network:
    """Return the cost's gradient by (w, b) of each layer, summed over the samples.

    The cost is the cross-entropy of a softmax, or the quadratic one of sigmoids.  x: (n, n_inputs).  y: (n, n_outputs).
    """
    activation, derivative = ACTIVATIONS[job.activation]
    *hidden, (w, b) = network
    outputs = [x]
    for each in hidden:
        outputs.append(activation(outputs[-1] @ each[0].T + each[1]))
    sums = outputs[-1] @ w.T + b
    if job.output == "softmax":
        delta = softmax(sums) - y
    else:
        a = sigmoid(sums)
        delta = (a - y) * a * (1 - a)
    nabla = []
    for (w, _), before in zip(network[::-1], outputs[::-1], strict=True):
        nabla.append((delta.T @ before, delta.sum(axis=0)))
        if before is not x:
            delta = delta @ w * derivative(before)
    return nabla[::-1]


def inputs_of(job: Job) -> Callable[[MiniBatch], Array]:
    """Return what gives the inputs of a mini-batch: (n, 784) float32."""
    if job.augment:
        return DeformedInputs(job).of
    x, _ = training_data(job)
    return lambda batch: x[batch.rows]


def main() -> None:
    options = parser(__doc__).parse_args()
    job = JOBS[options.job]
    inputs, y = inputs_of(job), one_hot(training_images()[1])
    mini_batches = MiniBatches(job, options.epochs)
    network = layers(first_weights(job), job.sizes)
    velocities = [(np.zeros_like(w), np.zeros_like(b)) for w, b in network]
    momentum = np.float32(job.momentum)
    np.seterr(over="ignore")  # exp(-z) may be infinite, and the sigmoid 0

    def take(steps: int) -> None:
        for _ in range(steps):
            rate = np.float32(mini_batches.learning_rate / job.mini_batch)
            batch = mini_batches.next()
            found = gradient(job, network, inputs(batch), y[batch.rows])
            for parts in zip(network, found, velocities, strict=True):
                for weights, nabla, velocity in zip(*parts, strict=True):
                    if momentum:  # Nesterov's
                        velocity *= momentum
                        velocity += nabla
                        nabla += momentum * velocity
                    weights -= rate * nabla

    serve(options, take, lambda: flatten(network))


if __name__ == "__main__":
    main()
