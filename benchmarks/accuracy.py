"""Does learning suffer from exact arithmetic? Both arithmetics side by side, for every job, with several seeds.

In one process each: workers change the time, never the bits. An entry is the test accuracy, in
percent, of the epoch that is best by validation.
"""

import os
from concurrent.futures import ProcessPoolExecutor
from itertools import product

from benchmarks.cli import Parser, names_of
from benchmarks.harness import best_accuracy, native, synchronous
from benchmarks.jobs import JOBS
from benchmarks.tables import table, write

ARITHMETICS = ("exact", "native")


def best_of(name: str, seed: int, arithmetic: str, epochs: int) -> float:
    """Train; return the test accuracy of the best epoch, in percent."""
    job = JOBS[name]
    config = synchronous(job, seed=seed) if arithmetic == "exact" else native(job, shards=1, seed=seed)
    return best_accuracy(config, epochs)


def main() -> None:
    parser = Parser("benchmarks.accuracy", __doc__, results="accuracy.md")
    parser.amount("--jobs", list(JOBS), ["a"], "to train", type=names_of(JOBS), metavar="NAME,…")
    parser.amount("--epochs", 30, 1, "of each training")
    parser.amount("--seeds", 3, 1, "for each job")
    options = parser.parse()

    jobs = list(product(options.jobs, range(options.seeds), ARITHMETICS))
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(best_of, *zip(*jobs, strict=True), [options.epochs] * len(jobs))
        accuracies = dict(zip(jobs, found, strict=True))
    rows = []
    for name in options.jobs:
        pairs = [[accuracies[name, seed, each] for each in ARITHMETICS] for seed in range(options.seeds)]
        cells = [f"{exact:.2f} / {of_native:.2f}" for exact, of_native in pairs]
        difference = sum(exact - of_native for exact, of_native in pairs) / len(pairs)
        rows.append([str(JOBS[name]), *cells, f"{difference:+.2f}"])
    heads = ("exact / native, %", *(f"seed {seed}" for seed in range(options.seeds)), "mean difference")
    text = f"Test accuracy of the best of {options.epochs} epochs by validation.\n\n{table(heads, rows)}"
    print(text)
    write(text, options.results, "accuracy.md")


if __name__ == "__main__":
    main()
