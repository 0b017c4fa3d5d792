"""How well local steps learn: the seed's job with several numbers of local steps, replicas and etas, and exact SGD.

python benchmarks/accuracy.py [--epochs 30] [--seeds 3]   writes benchmarks/results/accuracy.md

In one process each: workers change the time, never the bits. An entry is the accuracy of the best epoch in percent, the
median of the seeds and their range.
"""

import argparse
import os
import statistics
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from coordinator.accounting import Ledger
from coordinator.gradients.in_process import Local
from coordinator.training.loop import steps
from coordinator.training.state import State
from shared.config import TrainConfig
from shared.data.dataset import DEFAULT_DATA, load_dataset
from shared.nn.evaluation import count_correct

SIZES, MINI_BATCH = (784, 30, 10), 10
LOCAL_STEPS, REPLICAS, ETAS = (10, 50, 250), (2, 4, 8), (3.0, 5.0, 8.0)
EXACT = (0, 1, 3.0)
RESULTS = Path(__file__).parent / "results"


def best_accuracy(algorithm: tuple[int, int, float], seed: int, epochs: int) -> float:
    """Train; return the accuracy of the best epoch, in percent."""
    local_steps, replicas, eta = algorithm
    shards = 1 if local_steps else 2
    config = TrainConfig(SIZES, epochs, MINI_BATCH, eta, seed, shards, "float32", local_steps, replicas)
    data = load_dataset(DEFAULT_DATA)
    state = State.initial(config)
    best = 0
    with threadpool_limits(1), np.errstate(all="ignore"):
        source = Local(config, data.training, Ledger())
        for _ in range(epochs):
            for _ in steps(config, data.training, source, state):
                pass
            state.next_epoch()
            best = max(best, count_correct(state.parameters, data.test))
    return 100 * best / len(data.test)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()

    algorithms = [EXACT, *product(LOCAL_STEPS, REPLICAS, ETAS)]
    jobs = list(product(algorithms, range(options.seeds)))
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(best_accuracy, *zip(*jobs, strict=True), [options.epochs] * len(jobs))
        accuracies = dict(zip(jobs, found, strict=True))

    def entry(algorithm: tuple[int, int, float]) -> str:
        values = [accuracies[algorithm, seed] for seed in range(options.seeds)]
        return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"

    heads = ["`--local-steps`", "`--eta`", *(f"`--replicas {replicas}`" for replicas in REPLICAS)]
    lines = [
        f"{options.epochs} epochs, {options.seeds} seeds, exact SGD: {entry(EXACT)}",
        "",
        f"| {' | '.join(heads)} |",
        "|" + "---|" * len(heads),
    ]
    for local_steps, eta in product(LOCAL_STEPS, ETAS):
        cells = [entry((local_steps, replicas, eta)) for replicas in REPLICAS]
        lines.append(f"| {' | '.join([str(local_steps), f'{eta:g}', *cells])} |")
    text = "\n".join(lines) + "\n"
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "accuracy.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
