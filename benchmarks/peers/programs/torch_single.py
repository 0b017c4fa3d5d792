"""PyTorch in one process with one thread: nn.Sequential, nn.functional's costs, torch.optim.SGD."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import SGD

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

ACTIVATIONS = {"sigmoid": nn.Sigmoid, "relu": nn.ReLU}


def network(job: Job) -> nn.Sequential:
    """Build the job's network with its first weights; what becomes of a softmax's sums is for the cost."""
    result = nn.Sequential()
    for w, b in layers(first_weights(job), job.sizes):
        linear = nn.Linear(w.shape[1], w.shape[0])
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(w))
            linear.bias.copy_(torch.from_numpy(b))
        result.extend([linear, ACTIVATIONS[job.activation]()])
    return result[:-1] if job.output == "softmax" else result


def samples_of(job: Job) -> Callable[[MiniBatch], tuple[Tensor, Tensor]]:
    """Return what gives a mini-batch's inputs (n, 784) and what is wanted: classes (n,), or outputs (n, 10)."""
    _, labels = training_images()
    y = torch.from_numpy(labels if job.output == "softmax" else one_hot(labels))
    if job.augment:
        deformed = DeformedInputs(job)
        return lambda batch: (torch.from_numpy(deformed.of(batch)), y[torch.from_numpy(batch.rows)])
    x = torch.from_numpy(training_data(job)[0])

    def samples(batch: MiniBatch) -> tuple[Tensor, Tensor]:
        rows = torch.from_numpy(batch.rows)
        return x[rows], y[rows]

    return samples


def cost(job: Job, output: Tensor, y: Tensor) -> Tensor:
    """Return the mean cost of the samples: the cross-entropy of a softmax, or the notebook's |a - y|² / 2."""
    if job.output == "softmax":
        return functional.cross_entropy(output, y)
    return (output - y).square().sum() / (2 * len(y))


def optimizer_of(job: Job, net: nn.Module) -> SGD:
    return SGD(net.parameters(), lr=job.learning_rate, momentum=job.momentum, nesterov=job.momentum > 0)


def set_rate(optimizer: SGD, learning_rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = learning_rate


def weights(net: nn.Sequential) -> Array:
    """Return all weights as one vector."""
    return flatten([(layer.weight.detach().numpy(), layer.bias.detach().numpy()) for layer in net[::2]])


def main() -> None:
    options = parser(__doc__).parse_args()
    job = JOBS[options.job]
    torch.set_num_threads(1)
    samples = samples_of(job)
    mini_batches = MiniBatches(job, options.epochs)
    net = network(job)
    optimizer = optimizer_of(job, net)

    def take(steps: int) -> None:
        for _ in range(steps):
            set_rate(optimizer, mini_batches.learning_rate)
            x, y = samples(mini_batches.next())
            optimizer.zero_grad()
            cost(job, net(x), y).backward()
            optimizer.step()

    serve(options, take, lambda: weights(net))


if __name__ == "__main__":
    main()
