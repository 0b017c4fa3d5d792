"""PyTorch in one process with one thread: nn.Sequential with sigmoids, the notebook's cost, torch.optim.SGD."""

import torch
from torch import Tensor, nn

from benchmarks.jobs import JOBS, Job
from benchmarks.peers.programs import common
from benchmarks.peers.programs.common import Array, MiniBatches, first_weights, flatten, layers, one_hot, parser, serve


def network(job: Job) -> nn.Sequential:
    """Build the job's network with its first weights."""
    result = nn.Sequential()
    for w, b in layers(first_weights(job.sizes), job.sizes):
        linear = nn.Linear(w.shape[1], w.shape[0])
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(w))
            linear.bias.copy_(torch.from_numpy(b))
        result.extend([linear, nn.Sigmoid()])
    return result


def training_data() -> tuple[Tensor, Tensor]:
    """Return inputs (50000, 784) and wanted outputs (50000, 10)."""
    x, labels = common.training_data()
    return torch.from_numpy(x), torch.from_numpy(one_hot(labels))


def cost(output: Tensor, y: Tensor) -> Tensor:
    """Return the notebook's quadratic cost |a - y|² / 2, as the mean over the samples."""
    return (output - y).square().sum() / (2 * len(y))


def weights(net: nn.Sequential) -> Array:
    """Return all weights as one vector."""
    return flatten([(layer.weight.detach().numpy(), layer.bias.detach().numpy()) for layer in net[::2]])


def main() -> None:
    options = parser(__doc__).parse_args()
    job = JOBS[options.job]
    torch.set_num_threads(1)
    x, y = training_data()
    mini_batches = MiniBatches(job.mini_batch)
    net = network(job)
    optimizer = torch.optim.SGD(net.parameters(), lr=job.learning_rate)

    def take(steps: int) -> None:
        for _ in range(steps):
            rows = torch.from_numpy(mini_batches.next())
            optimizer.zero_grad()
            cost(net(x[rows]), y[rows]).backward()
            optimizer.step()

    serve(options, take, lambda: weights(net))


if __name__ == "__main__":
    main()
