"""What becomes of a replica's optimizer at an average: should it begin anew, as it does, or keep what it remembers?

Kept means that all replicas go on from the mean of their states, as from the mean of their weights: state would then
have to travel. The notebook's network, two replicas, in one process each. An entry is the test accuracy in percent, the
median of the seeds and their range. Epoch and learning rate are those that are best by validation.
"""

import os
import statistics
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import product

import numpy as np

from benchmarks.cli import Parser, numbers
from benchmarks.harness import Chosen, chosen, data, local
from benchmarks.jobs import NOTEBOOKS
from benchmarks.tables import table, write
from shared.config import TrainConfig
from shared.data.sampler import Step
from shared.data.samples import Samples
from shared.nn.arithmetic import one_thread, quiet
from shared.nn.parameters import Parameters
from shared.optim.optimizers import Adam, Nesterov, Optimizer, OptimizerState
from shared.parallel.local_sgd import LocalSGDStrategy
from shared.strategies import LocalSGD
from shared.types import Vector

REPLICAS = 2
RATES: dict[Optimizer, tuple[float, ...]] = {Nesterov(): (0.1, 0.3, 1.0), Adam(): (0.001, 0.003, 0.01)}


class Kept(LocalSGDStrategy):
    """Local SGD whose replicas go on from the mean of their optimizers' states."""

    def __init__(self, config: TrainConfig, options: LocalSGD, samples: Samples) -> None:
        super().__init__(config, options, samples)
        self._mean = self._inner.initial_state(self._replica.flat)
        self._states: list[OptimizerState] = []  # of the replicas of this step

    def _inner_state(self) -> OptimizerState:
        self._states.append({name: vector.copy() for name, vector in self._mean.items()})
        return self._states[-1]

    def update(
        self, parameters: Parameters, state: OptimizerState, step: Step, total: Vector, reductions: int = 0
    ) -> None:
        super().update(parameters, state, step, total, reductions)
        self._mean = {name: np.mean([each[name] for each in self._states], axis=0) for name in self._mean}
        self._states = []


def best_of(kept: bool, local_steps: int, optimizer: Optimizer, rate: float, seed: int, epochs: int) -> Chosen:
    """Train; return the accuracies of the best epoch."""
    config = replace(local(NOTEBOOKS, local_steps, REPLICAS, rate, seed), optimizer=optimizer)
    options = LocalSGD(local_steps=local_steps, replicas=REPLICAS)
    strategy = (Kept if kept else LocalSGDStrategy)(config, options, data().training)
    parameters, sampler = config.initial_parameters(), config.sampler(len(data().training))
    state = config.initial_optimizer_state(parameters)

    def train(epoch: int) -> Parameters:
        for step in sampler.steps(epoch):
            replicas = len(strategy.bounds(len(step.rows))) - 1
            total, _ = strategy.block(strategy.broadcast(parameters), step, 0, replicas)
            strategy.update(parameters, state, step, total)
        return parameters

    with one_thread(), quiet():
        return chosen(config, map(train, range(epochs)))


def main() -> None:
    parser = Parser("benchmarks.inner_state", __doc__, results="inner_state.md")
    parser.amount("--epochs", 6, 1, "of each training")
    parser.amount("--seeds", 3, 1, "for each entry")
    parser.amount("--local-steps", (50,), (50,), "numbers to try", type=numbers, metavar="H,…")
    options = parser.parse()

    rates = [(optimizer, rate) for optimizer, each in RATES.items() for rate in (each[:1] if options.quick else each)]
    jobs = [
        (kept, steps, optimizer, rate, seed)
        for kept, steps, (optimizer, rate), seed in product(
            (False, True), options.local_steps, rates, range(options.seeds)
        )
    ]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(best_of, *zip(*jobs, strict=True), [options.epochs] * len(jobs))
        accuracies = dict(zip(jobs, found, strict=True))

    def entry(kept: bool, steps: int, optimizer: Optimizer) -> str:
        tried = {
            rate: [accuracies[kept, steps, optimizer, rate, seed] for seed in range(options.seeds)]
            for each, rate in rates
            if each == optimizer
        }
        rate, best = max(tried.items(), key=lambda item: statistics.median(each.validation for each in item[1]))
        values = [each.test for each in best]
        return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f}) at {rate:g}"

    text = f"{options.epochs} epochs, {options.seeds} seeds, {REPLICAS} replicas\n\n" + table(
        ("`--optimizer`", "`--local-steps`", "begins anew", "kept, averaged"),
        (
            [optimizer.kind, str(steps), entry(False, steps, optimizer), entry(True, steps, optimizer)]
            for optimizer, steps in product(RATES, options.local_steps)
        ),
    )
    print(text)
    write(text, options.results, "inner_state.md")


if __name__ == "__main__":
    main()
