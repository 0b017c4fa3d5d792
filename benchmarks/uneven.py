"""What a slow worker costs: two workers, one of them slowed to a third of its speed.

A process stops and continues the slow worker's, a few milliseconds at a time. Speeds that allow 1 and 1/3 of what a
worker computes alone allow a step in 1.5 times the time of two equal ones: 2 / (1 + 1/3). Exact runs share a step
out by speed; native ones, in shards of one size, pause whoever is too slow.
"""

import multiprocessing
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from benchmarks.cli import Parser, names_of
from benchmarks.harness import Session, native, session, synchronous
from benchmarks.instruments import family
from benchmarks.jobs import JOBS
from benchmarks.tables import figure, table
from shared.parallel.sharding import default_shards

WORKERS = 2
SLOWNESS = 3  # times
_MOMENT = 0.002  # seconds that the slow worker runs at a time
ALLOWED = WORKERS / (1 + 1 / SLOWNESS)  # times the step of equal workers


def main() -> None:
    parser = Parser("benchmarks.uneven", __doc__)
    parser.amount("--seconds", 20.0, 1.0, "of measuring, of equal workers and of uneven ones each")
    parser.amount("--settling", 8.0, 0.5, "seconds before, for the coordinator to notice")
    parser.amount("--jobs", ["c512"], ["a"], "to measure", type=names_of(JOBS), metavar="NAME,…")
    options = parser.parse()

    configs = [
        (f"{job}: {name}", config)
        for job in map(JOBS.__getitem__, options.jobs)
        for name, config in (("exact", synchronous(job)), ("native", native(job, default_shards(job.mini_batch))))
    ]
    rows = []
    for name, config in configs:
        with session(config, WORKERS) as running:
            running.training.warm_up(options.settling)
            equal = statistics.median(running.training.times(options.seconds))
            with slowed(running):
                running.training.times(options.settling)
                uneven = statistics.median(running.training.times(options.seconds))
        ratio = uneven / equal
        rows.append((name, figure(equal * 1000), figure(uneven * 1000), f"{ratio:.2f}", f"{ratio / ALLOWED - 1:+.0%}"))
    heads = (
        "ms a step",
        "equal",
        f"one {SLOWNESS} times slower",
        "ratio",
        f"beyond the {ALLOWED:.2f} that speeds allow",
    )
    print(table(heads, rows))


@contextmanager
def slowed(running: Session) -> Iterator[None]:
    """Slow one worker down, for the time of the block."""
    worker = psutil.Process(running.cluster.processes[-1].process.pid)
    processes = [process.pid for process in family(worker)]
    # A process of its own, so that our own work does not delay it.
    brake = multiprocessing.get_context("spawn").Process(target=_brake, args=(processes,), daemon=True)
    brake.start()
    try:
        yield
    finally:
        brake.terminate()
        brake.join()
        for pid in processes:
            psutil.Process(pid).resume()


def _brake(pids: list[int]) -> None:
    processes = [psutil.Process(pid) for pid in pids]
    while True:
        for process in processes:
            process.suspend()
        time.sleep((SLOWNESS - 1) * _MOMENT)
        for process in processes:
            process.resume()
        time.sleep(_MOMENT)


if __name__ == "__main__":
    main()
