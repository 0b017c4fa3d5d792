"""How well local steps learn: the notebook's job with several numbers of local steps, replicas and learning rates.

In one process each: workers change the time, never the bits. An entry is the test accuracy, in
percent, of the epoch that is best by validation: the median of the seeds and their range.
"""

import os
import statistics
from concurrent.futures import ProcessPoolExecutor
from itertools import product

from benchmarks.cli import Parser, numbers
from benchmarks.harness import best_accuracy, local, synchronous
from benchmarks.jobs import NOTEBOOKS
from benchmarks.tables import table, write

RATES = (3.0, 5.0, 8.0)
Algorithm = tuple[int, int, float] | None  # local steps, replicas and learning rate; None: synchronous SGD


def best_of(algorithm: Algorithm, seed: int, epochs: int) -> float:
    """Train; return the test accuracy of the best epoch, in percent."""
    config = local(NOTEBOOKS, *algorithm, seed=seed) if algorithm else synchronous(NOTEBOOKS, seed=seed)
    return best_accuracy(config, epochs)


def main() -> None:
    parser = Parser("benchmarks.local_sgd", __doc__, results="local_sgd.md")
    parser.amount("--epochs", 30, 1, "of each training")
    parser.amount("--seeds", 3, 1, "for each entry")
    parser.amount("--local-steps", (10, 50, 250), (50,), "numbers to try", type=numbers, metavar="H,…")
    parser.amount("--replicas", (2, 4, 8), (2,), "numbers to try", type=numbers, metavar="R,…")
    options = parser.parse()

    tried: list[Algorithm] = [None, *product(options.local_steps, options.replicas, RATES)]
    jobs = list(product(tried, range(options.seeds)))
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(best_of, *zip(*jobs, strict=True), [options.epochs] * len(jobs))
        accuracies = dict(zip(jobs, found, strict=True))

    def entry(algorithm: Algorithm) -> str:
        values = [accuracies[algorithm, seed] for seed in range(options.seeds)]
        return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"

    text = f"{options.epochs} epochs, {options.seeds} seeds, synchronous SGD: {entry(None)}\n\n" + table(
        ("`--local-steps`", "`--learning-rate`", *(f"`--replicas {replicas}`" for replicas in options.replicas)),
        (
            [str(steps), f"{rate:g}", *(entry((steps, replicas, rate)) for replicas in options.replicas)]
            for steps, rate in product(options.local_steps, RATES)
        ),
    )
    print(text)
    write(text, options.results, "local_sgd.md")


if __name__ == "__main__":
    main()
