"""How long until the network knows 95 % of the test digits: the notebook's loop, synchronous SGD and local SGD.

The same job, first weights and order for all; GradMQ with two workers. Seconds of training alone: who evaluates faster
shall not win by that.
"""

import math
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from benchmarks.cli import Parser
from benchmarks.harness import accuracy, local, native, session, synchronous
from benchmarks.jobs import NOTEBOOKS
from benchmarks.notebook_loop import NotebookLoop
from benchmarks.tables import figure, table
from shared.config import TrainConfig
from shared.data.sampler import epoch_order
from shared.nn.parameters import Parameters
from shared.notebook.mnist_loader import load_data_wrapper

WORKERS = 2
Epoch = Callable[[int], Parameters]  # trains through an epoch, and returns the weights


def main() -> None:
    parser = Parser("benchmarks.time_to_accuracy", __doc__)
    parser.amount("--seeds", 3, 1, "for each")
    parser.amount("--epochs", 30, 1, "at most")
    parser.amount("--goal", 95.0, 50.0, "percent of the test digits")
    parser.amount("--local-steps", 50, 50, "of local SGD")
    parser.amount("--replicas", 2, 2, "of local SGD")
    parser.amount("--learning-rate", 8.0, 8.0, "of local SGD, whose mean wants a larger one; the others take 3.0")
    options = parser.parse()

    def until_the_goal(config: TrainConfig, epoch: Epoch) -> tuple[float, str]:
        """Train; return the seconds until the first epoch that ends with the goal reached, infinity if none does.

        config: of the network that `epoch` returns.
        """
        seconds = 0.0
        for number in range(options.epochs):
            start = time.perf_counter()
            parameters = epoch(number)
            seconds += time.perf_counter() - start
            reached = accuracy(config, parameters)
            if reached >= options.goal:
                return seconds, f"{figure(seconds)} (epoch {number + 1}: {reached:.2f})"
        return math.inf, f"not in {options.epochs} epochs, {figure(seconds)}"

    rows: list[list[str]] = []
    ratios: dict[str, list[float]] = {"synchronous SGD": [], "local SGD": []}
    for seed in range(options.seeds):
        first, told = until_the_goal(in_float64(seed), notebook(seed))
        row = [str(seed), told]
        algorithm = (options.local_steps, options.replicas, options.learning_rate)
        for name, config in (
            ("synchronous SGD", synchronous(NOTEBOOKS, seed=seed)),
            ("local SGD", local(NOTEBOOKS, *algorithm, seed=seed)),
        ):
            seconds, told = until_the_goal_on_workers(config, until_the_goal)
            ratios[name].append(first / seconds)
            row += [told, f"{first / seconds:.1f}"]
        rows.append(row)
        print(", ".join(row), flush=True)
    heads = (f"{name}{what}" for name in ratios for what in ("", ": times faster"))
    print("\n" + table((f"s to {options.goal:g} %, seed", "the notebook's loop", *heads), rows))
    for name, each in ratios.items():
        print(f"{name} is {statistics.median(each):.1f} times faster than the notebook's loop, in the median")


def until_the_goal_on_workers(
    config: TrainConfig, until: Callable[[TrainConfig, Epoch], tuple[float, str]]
) -> tuple[float, str]:
    with session(config, WORKERS) as running:
        training = running.training
        training.warm_up()

        def epoch(_: int) -> Parameters:
            training.epoch()
            return training.parameters

        return until(config, epoch)


def in_float64(seed: int) -> TrainConfig:
    """Return the configuration of what the notebook computes."""
    return replace(native(NOTEBOOKS, shards=1, seed=seed), dtype="float64")


def notebook(seed: int) -> Epoch:
    """Return the notebook's loop, from the first weights of a run with that seed and in its order."""
    pairs, sizes, size = list(load_data_wrapper()[0]), NOTEBOOKS.sizes, NOTEBOOKS.mini_batch
    first = in_float64(seed).initial_parameters()
    loop = NotebookLoop(sizes)
    loop.weights, loop.biases = list(first.weights), list(first.biases)

    def epoch(number: int) -> Parameters:
        order = epoch_order(seed, number, len(pairs)).tolist()
        for start in range(0, len(order), size):
            loop.step([pairs[row] for row in order[start : start + size]], NOTEBOOKS.learning_rate)
        parts = [part.ravel() for layer in zip(loop.weights, loop.biases, strict=True) for part in layer]
        return Parameters(sizes, np.float64, np.concatenate(parts))

    return epoch


if __name__ == "__main__":
    main()
