"""`gradmq plan` beside real runs: predicted, measured, and the error.

Real workers on the embedded cluster, none, one and two of them, with the tensors in shared memory and through Redis
(on this machine, so the link is ideal). The speed of computing is measured just before each run: by one process, as
the command does; and by as many at once as there are workers, which tells how much of the error is the model's and how
much is that of two cores not being twice one.
Speeds and steps are the lower quartile of what was timed, so that other users of the machine disturb little.
"""

import multiprocessing
import statistics
import sys
from collections.abc import Iterator
from dataclasses import astuple

from benchmarks.cli import Parser, names_of
from benchmarks.harness import in_process, session, synchronous
from benchmarks.jobs import JOBS, SIGMOIDS
from benchmarks.tables import figure, table, write
from benchmarks.training import Training
from coordinator.planning.cost_model import IDEAL, CostModel
from coordinator.planning.profiler import Profile, profile
from shared.config import TrainConfig
from shared.nn.arithmetic import one_thread

CORES = 2
MEMORY, REDIS = "shared memory", "through Redis"
Row = tuple[str, str, float, float, float]  # job; workers and way; milliseconds a step: predicted twice, measured


def main() -> None:
    parser = Parser("benchmarks.cost_model", __doc__, results="cost_model.md")
    parser.amount("--jobs", SIGMOIDS, ["a"], "to measure", type=names_of(JOBS), metavar="NAME,…")
    parser.amount("--workers", CORES, 1, "to measure with, at most")
    parser.amount("--seconds", 1.5, 0.2, "of each run")
    options = parser.parse()

    rows: list[Row] = []
    with one_thread():
        for workers in range(options.workers + 1):
            for name in options.jobs:
                for row in runs(name, workers, options.seconds):
                    print(*row[:2], f"measured {figure(row[-1])} ms", sep=", ", file=sys.stderr, flush=True)
                    rows.append(row)
    text = report(rows)
    print(text)
    write(text, options.results, "cost_model.md")


def runs(name: str, workers: int, seconds: float) -> Iterator[Row]:
    """Predict and measure a job with so many workers, either way."""
    config = synchronous(JOBS[name])
    profiles = profile(config), profile_at_once(max(workers, 1), config)
    for way in (MEMORY, REDIS) if workers else ("",):
        link = IDEAL if way == REDIS else None
        alone, at_once = (CostModel(config, each, link, CORES).forecast(workers).seconds * 1000 for each in profiles)
        measured = milliseconds(config, workers, way, seconds)
        yield str(JOBS[name]), f"{workers}, {way}" if way else "0", alone, at_once, measured


def profile_at_once(processes: int, config: TrainConfig) -> Profile:
    """Return the mean profile of so many processes that compute at the same time."""
    spawn = multiprocessing.get_context("spawn")  # so that none inherits a thread of BLAS
    with spawn.Pool(processes, initializer=one_thread) as pool:
        profiles = pool.map(profile, [config] * processes, chunksize=1)
    return Profile(*(statistics.mean(times) for times in zip(*map(astuple, profiles), strict=True)))


def milliseconds(config: TrainConfig, workers: int, way: str, seconds: float) -> float:
    """Return the lower quartile of the times of a step, when all workers are there and warm."""

    def timed(training: Training) -> float:
        training.warm_up(seconds / 3)
        return statistics.quantiles(training.times(seconds), n=4)[0] * 1000

    if not workers:
        with in_process(config) as training:
            return timed(training)
    with session(config, workers, through_redis=way == REDIS) as running:
        return timed(running.training)


def report(rows: list[Row]) -> str:
    errors = [tuple(predicted / measured - 1 for predicted in predictions) for _, _, *predictions, measured in rows]
    text = table(
        ("job", "workers", "measured, ms a step", "predicted", "error", "with the speed of as many at once", "error"),
        (
            [job, workers, figure(measured), figure(alone), f"{first:+.0%}", figure(at_once), f"{second:+.0%}"]
            for (job, workers, alone, at_once, measured), (first, second) in zip(rows, errors, strict=True)
        ),
    )
    columns = [[abs(error) for error in column] for column in zip(*errors, strict=True)]
    one, at_once = (f"median {statistics.median(column):.0%}, worst {max(column):.0%}" for column in columns)
    return f"{text}\nError: {one}; with the speed of as many at once: {at_once}.\n"


if __name__ == "__main__":
    main()
