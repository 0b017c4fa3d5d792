"""How long until the network knows 95 % of the test digits: the seed's loop, exact steps and local steps.

    python benchmarks/time_to_95.py [--seeds 3] [--local-steps 50] [--replicas 2] [--eta 8.0]

The same job, first weights and order for all, 30 epochs at most; GradMQ with two workers. Seconds of training alone:
who evaluates faster shall not win by that. eta: of the local steps, whose mean wants a larger one; the others take the
seed's 3.0.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from seed_loop import SeedLoop
from threadpoolctl import threadpool_limits

from coordinator.cluster.embedded import embedded_cluster
from coordinator.gradients.remote import Exchange
from coordinator.training.loop import steps
from coordinator.training.state import State
from shared.config import TrainConfig
from shared.data.dataset import DEFAULT_DATA, Dataset, load_dataset
from shared.messaging.addresses import broker_url
from shared.nn.parameters import Parameters
from shared.notebook.mnist_loader import load_data_wrapper
from shared.nn.evaluation import count_correct
from shared.data.sampler import epoch_order
from shared.parallel.sgd import initial_parameters

SIZES, MINI_BATCH, ETA, EPOCHS, WORKERS = (784, 30, 10), 10, 3.0, 30, 2
GOAL = 9500  # of 10,000

Epoch = Callable[[int], Parameters]  # trains through an epoch, and returns the weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--local-steps", type=int, default=50)
    parser.add_argument("--replicas", type=int, default=2)
    parser.add_argument("--eta", type=float, default=8.0)
    options = parser.parse_args()

    data = load_dataset(DEFAULT_DATA)
    pairs = list(load_data_wrapper()[0])
    seconds: dict[str, list[float]] = {"seed loop": [], "exact": [], "local": []}
    with threadpool_limits(1):
        for seed in range(options.seeds):
            exact = TrainConfig(SIZES, EPOCHS, MINI_BATCH, ETA, seed, 2, "float32")
            algorithm = (options.local_steps, options.replicas)
            local = TrainConfig(SIZES, EPOCHS, MINI_BATCH, options.eta, seed, 1, "float32", *algorithm)
            seconds["seed loop"].append(until_the_goal(seed_loop(pairs, seed), data, f"seed loop, seed {seed}"))
            for name, config in (("exact", exact), ("local", local)):
                with gradmq(config, data) as epoch:
                    seconds[name].append(until_the_goal(epoch, data, f"GradMQ, {config.algorithm}, seed {seed}"))
    print("times faster than the seed's loop, by seed")
    for name in ("exact", "local"):
        ratios = [theirs / ours for theirs, ours in zip(seconds["seed loop"], seconds[name], strict=True)]
        print(f"  {name:6} median {statistics.median(ratios):5.1f}   {', '.join(f'{ratio:.1f}' for ratio in ratios)}")


def until_the_goal(epoch: Epoch, data: Dataset, what: str) -> float:
    """Train; return the seconds until the first epoch that ends with the goal reached, infinity if none does."""
    seconds, best = 0.0, 0
    for number in range(EPOCHS):
        start = time.perf_counter()
        parameters = epoch(number)
        seconds += time.perf_counter() - start
        best = max(best, count_correct(parameters, data.test))
        if best >= GOAL:
            print(f"{what}: {best} of 10,000 after {number + 1} epochs, {seconds:.2f} s", flush=True)
            return seconds
    print(f"{what}: not in {EPOCHS} epochs, {seconds:.2f} s; at best {best} of 10,000", flush=True)
    return float("inf")


def seed_loop(pairs: list[tuple[NDArray, NDArray]], seed: int) -> Epoch:
    loop = SeedLoop(SIZES)
    first = initial_parameters(SIZES, seed, np.float64)
    loop.weights, loop.biases = list(first.weights), list(first.biases)

    def epoch(number: int) -> Parameters:
        order = epoch_order(seed, number, len(pairs)).tolist()
        for start in range(0, len(order), MINI_BATCH):
            loop.step([pairs[row] for row in order[start : start + MINI_BATCH]], ETA)
        parts = [part.ravel() for layer in zip(loop.weights, loop.biases, strict=True) for part in layer]
        return Parameters(SIZES, np.float64, np.concatenate(parts))

    return epoch


@contextmanager
def gradmq(config: TrainConfig, data: Dataset) -> Iterator[Epoch]:
    """Give the epochs of a run on local workers that are there and warm."""
    with ExitStack() as stack:
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cluster = stack.enter_context(embedded_cluster(WORKERS, DEFAULT_DATA, logs, None))
        url = cluster.redis_url
        state = State.initial(config)
        exchange = Exchange(
            *(url, broker_url(url), "benchmark", config, data.training, state),
            *(None, 0.0, cluster.tend, cluster.shared_tensors(config)),
        )
        stack.callback(exchange.close)
        state.epoch = EPOCHS  # an epoch that does not count, to warm up in
        while exchange.workers < WORKERS:
            for _ in steps(config, data.training, exchange, state):
                if exchange.workers == WORKERS:
                    break
        state.parameters.flat[:] = State.initial(config).parameters.flat
        state.batch = state.samples = 0

        def epoch(number: int) -> Parameters:
            state.epoch = number
            for _ in steps(config, data.training, exchange, state):
                pass
            state.next_epoch()
            return state.parameters

        yield epoch


if __name__ == "__main__":
    main()
