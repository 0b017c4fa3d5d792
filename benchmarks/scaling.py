"""What a step costs the coordinator and Redis with 1 to 64 workers that answer at once.

The coordinator's part is the real one, so is Redis; the workers are played by one process (fake_workers), because no
machine has so many cores to spare. Tensors go through Redis, as with workers on other machines; with --shared-memory
they do not. A mini-batch has at least as many samples as there are workers. Below the table are the constants of
coordinator.planning.cost_model.

The fake workers take cores from coordinator and Redis, so quote the CPU times: the time of a step is only an upper
bound.
"""

import sys
import time
from dataclasses import dataclass

import numpy as np

from benchmarks.cli import Parser, names_of, numbers
from benchmarks.harness import session, synchronous
from benchmarks.instruments import redis_cpu, waiting
from benchmarks.jobs import JOBS, SIGMOIDS, Job
from benchmarks.tables import figure, table, write
from shared.nn.parameters import Parameters

LABELS = {"step": "step", "coordinator": "CPU of the coordinator", "redis": "CPU of Redis"}


@dataclass
class Cost:
    """Milliseconds a step."""

    step: float
    coordinator: float  # CPU, without waiting awake
    redis: float  # CPU


def main() -> None:
    parser = Parser("benchmarks.scaling", __doc__, results="scaling.md (not with --shared-memory)")
    parser.amount("--jobs", SIGMOIDS, ["a"], "to measure", type=names_of(JOBS), metavar="NAME,…")
    parser.amount("--workers", [1, 2, 4, 8, 16, 32, 64], [1, 4, 8, 16], "to measure with", type=numbers, metavar="N,…")
    parser.amount("--seconds", 1.5, 0.1, "of measuring, for each number of workers")
    parser.add_argument("--shared-memory", action="store_true", help="tensors in memory that all share")
    options = parser.parse()

    costs: dict[str, list[Cost]] = {}
    for job in options.jobs:
        costs[job] = []
        for workers in options.workers:
            cost = measure(JOBS[job], workers, options.seconds, options.shared_memory)
            costs[job].append(cost)
            progress = ", ".join(f"{label} {figure(getattr(cost, what))}" for what, label in LABELS.items())
            print(f"{JOBS[job]}, {workers} workers, ms: {progress}", file=sys.stderr, flush=True)
    text = table(
        ("ms a step, of workers:", *map(str, options.workers)),
        (
            [f"{JOBS[job]}: {label}", *(figure(getattr(cost, what)) for cost in costs[job])]
            for job in options.jobs
            for what, label in LABELS.items()
        ),
    )
    print(f"{text}\n{constants(costs, options.workers, options.shared_memory)}")
    if not options.shared_memory:
        write(text, options.results, "scaling.md")


def measure(job: Job, workers: int, seconds: float, shared_memory: bool) -> Cost:
    """Return what a step of this job costs with so many workers."""
    # So that there is a sample for every worker, as with a user who wants them all to work.
    config = synchronous(job, mini_batch=max(job.mini_batch, workers))
    with session(config, workers, fake=True, through_redis=not shared_memory) as running:
        running.training.warm_up(seconds / 3)
        url = running.cluster.redis_url
        with redis_cpu(url) as redis, waiting(time.process_time) as waited:
            cpu = time.process_time()
            times = running.training.times(seconds)
            cpu = time.process_time() - cpu
    taken = len(times)
    return Cost(*(each * 1000 / taken for each in (sum(times), cpu - waited.value, redis.value)))


def constants(costs: dict[str, list[Cost]], workers: list[int], shared_memory: bool) -> str:
    """Fit the costs of the cost model to the CPU times, by least squares of the relative errors.

    Bytes are the weights', except for Redis, where they are all that it moves. What of a step is neither coordinator's
    nor Redis's CPU time is put down to the workers.
    """
    points = [(JOBS[job], n, cost) for job, each in costs.items() for n, cost in zip(workers, each, strict=True)]
    requests = np.array([n for _, n, _ in points])
    size = np.array([Parameters.count(job.sizes) * 4 for job, _, _ in points])
    one = np.ones(len(points))
    # In once; then out, in and out for each request.
    moved = np.zeros(len(points)) if shared_memory else size * (1 + 3 * requests)
    step, coordinator, redis = (np.array([getattr(cost, what) for *_, cost in points]) / 1000 for what in LABELS)
    fits = {
        "coordinator": (coordinator, (one, requests, size, size * requests)),
        "Redis": (redis, (one, requests, moved)),
        "fake workers": (step - coordinator - redis, (one, requests, size * requests)),
    }
    lines = []
    for name, (seconds, columns) in fits.items():
        weighed = np.column_stack(columns) / seconds[:, None]
        found = np.linalg.lstsq(weighed, one, rcond=None)[0]
        worst = np.abs(weighed @ found - 1).max()
        values = ", ".join(f"{value:.3g}" for value in found)
        what = "a step, a request, a byte" + (", a byte of a request" if name == "coordinator" else "")
        lines.append(f"{name}: {values} s ({what}); off by {worst:.0%} at most")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
