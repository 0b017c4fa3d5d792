"""A sweep with one worker and with two: whole runs are given to workers, so with twice as many it should take half.

The same trials are trained by one worker and by two, alternately, each on an embedded cluster of its own. Seconds are
those of the whole command but its imports: the start of Redis and workers, and what is written of every run, included.
"""

import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.cli import Parser
from benchmarks.tables import figure, spread, table, write
from coordinator.api.sweeps import run_sweep
from coordinator.api.trial_options import TrialOptions
from coordinator.session import RunOptions
from coordinator.sweeps.definition import Definition
from coordinator.sweeps.folder import SweepFolder
from shared.data.dataset import DEFAULT_DATA, find_dataset

_WORKERS = (1, 2)
_FILE = """
epochs = {epochs}
train-samples = {samples}
[search]
learning-rate = {{low = 0.5, high = 5.0, log = true}}
[sweep]
trials = {trials}
"""


def swept(content: str, workers: int, runs: Path) -> tuple[float, list[str]]:
    """Return how many seconds a sweep takes, and the fingerprints of its trials."""
    definition = Definition.parse(content.encode(), "sweep.toml")
    options = TrialOptions(definition, Path("sweep.toml"))
    began = time.perf_counter()
    sweep = SweepFolder.create(runs, definition, content.encode())
    run_sweep(sweep, options.prepared, RunOptions(workers=workers), find_dataset(DEFAULT_DATA), options.options_of)
    seconds = time.perf_counter() - began
    return seconds, [sweep.trials[number].weights_sha256[0] for number in sorted(sweep.trials)]


def main() -> None:
    parser = Parser("benchmarks.sweep", __doc__, results="sweep.md")
    parser.amount("--rounds", 3, 1, "of each")
    parser.amount("--trials", 16, 4, "of a sweep; a multiple of two, so that both workers are busy to the end")
    parser.amount("--epochs", 2, 1, "of each trial")
    parser.amount("--samples", 50_000, 1000, "of MNIST that each learns from")
    given = parser.parse()

    content = _FILE.format(epochs=given.epochs, samples=given.samples, trials=given.trials)
    seconds: dict[int, list[float]] = {workers: [] for workers in _WORKERS}
    fingerprints = set()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        for _ in range(given.rounds):
            for workers in _WORKERS:
                took, found = swept(content, workers, Path(folder))
                seconds[workers].append(took)
                fingerprints.add(tuple(found))
    if len(fingerprints) != 1:
        raise SystemExit("the trials of one worker and of two have other bits: a defect")
    one, two = (statistics.median(seconds[workers]) for workers in _WORKERS)
    rows = [
        [str(workers), figure(statistics.median(times)), spread(times), figure(given.trials / statistics.median(times))]
        for workers, times in seconds.items()
    ]
    text = (
        f"{given.trials} trials of {given.epochs} epochs, 784-30-10, mini-batches of 10, {given.samples} samples; "
        f"medians of {given.rounds} rounds.\n\n"
        f"{table(('workers', 'seconds', 'spread', 'trials a second'), rows)}\n"
        f"Two workers are {one / two:.2f} times as fast as one; all trials have the same bits.\n"
    )
    print(text)
    write(text, given.results, "sweep.md")


if __name__ == "__main__":
    main()
