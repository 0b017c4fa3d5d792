"""`gradmq plan` beside real runs: predicted, measured, and the error.

    python benchmarks/plan.py [--jobs a b c512 c2048] [--seconds 1.5]

Real workers on the embedded cluster, none, one and two of them, with the tensors in shared memory and through Redis
(on this machine, so the link is ideal). The rate of computing is measured just before each run: by one process, as
the command does; and by as many at once as there are workers, which tells how much of the error is the model's and how
much is that of two cores not being twice one.
Rates and steps are the lower quartile of what was timed, so that other users of the machine disturb little.
Writes plan.md into benchmarks/results.
"""

import argparse
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import astuple
from pathlib import Path

from contenders.contender import JOBS
from machine import describe, machine
from scale import ARRIVAL, LEAST_STEPS, RESULTS, endless, figure
from threadpoolctl import threadpool_limits

from coordinator.cluster.embedded import embedded_cluster
from coordinator.gradients.in_process import Local
from coordinator.gradients.remote import Exchange
from coordinator.planning.cost_model import IDEAL, Plan
from coordinator.planning.profiler import Rate, measure
from coordinator.training.state import State
from shared.config import TrainConfig
from shared.data.dataset import DEFAULT_DATA, load_dataset
from shared.data.samples import LabelledSamples
from shared.messaging.addresses import broker_url
from shared.parallel.sharding import default_shards

CORES = 2
MOST_WORKERS = 2
Row = tuple[str, str, float, float, float]  # job; workers and way; milliseconds a step: predicted twice, measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", nargs="+", choices=JOBS, default=list(JOBS))
    parser.add_argument("--seconds", type=float, default=1.5, help="of each run")
    options = parser.parse_args()
    training = load_dataset(DEFAULT_DATA).training
    rows: list[Row] = []
    with threadpool_limits(1):
        for workers in range(MOST_WORKERS + 1):
            for row in runs(workers, options.jobs, training, options.seconds):
                print(row, flush=True)
                rows.append(row)
    table = markdown(rows)
    print(f"\n{table}")
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "plan.md").write_text(f"{describe(machine(sys.executable))}\n\n{table}")


def runs(workers: int, jobs: list[str], training: LabelledSamples, seconds: float) -> Iterator[Row]:
    """Predict and measure all jobs with so many workers."""
    with ExitStack() as stack:
        if workers:
            logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            cluster = stack.enter_context(embedded_cluster(workers, DEFAULT_DATA, logs, None))
            url = cluster.redis_url
        for name in jobs:
            job = JOBS[name]
            shards = default_shards(job.mini_batch)
            config = TrainConfig(job.sizes, 1_000_000, job.mini_batch, job.eta, 0, shards, "float32")
            rates = measure(config), rate_at_once(max(workers, 1), config)
            for way in ("shared memory", "through Redis") if workers else ("none",):
                network = IDEAL if way == "through Redis" else None
                predicted, at_once = (
                    Plan(config, rate, network, CORES).forecast(workers).seconds * 1000 for rate in rates
                )
                state = State.initial(config)
                if workers:
                    tensors = cluster.shared_tensors(config) if way == "shared memory" else None
                    source = Exchange(
                        *(url, broker_url(url), "benchmark", config, training, state, None, 0.0, cluster.tend, tensors)
                    )
                else:
                    source = Local(config, training, state.ledger)
                measured = milliseconds(endless(config, training, source, state), source, workers, seconds)
                if workers:
                    source.close()
                yield str(job), f"{workers}, {way}" if workers else "0", predicted, at_once, measured


def rate_at_once(processes: int, config: TrainConfig) -> Rate:
    """Return the mean rate of so many processes that compute at the same time."""
    spawn = multiprocessing.get_context("spawn")  # so that none inherits a thread of BLAS
    with spawn.Pool(processes, initializer=threadpool_limits, initargs=(1,)) as pool:
        rates = pool.map(measure, [config] * processes, chunksize=1)
    return Rate(*(statistics.mean(times) for times in zip(*map(astuple, rates), strict=True)))


def milliseconds(run: Iterator[int], source: Exchange | Local, workers: int, seconds: float) -> float:
    """Return the lower quartile of the times of a step, when all workers are there and warm."""
    deadline = time.monotonic() + ARRIVAL
    while source.workers < workers and time.monotonic() < deadline:
        next(run)
    warm = time.monotonic() + seconds / 3
    while time.monotonic() < warm:
        next(run)
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < LEAST_STEPS or time.perf_counter() < end:
        start = time.perf_counter()
        next(run)
        times.append(time.perf_counter() - start)
    return statistics.quantiles(times, n=4)[0] * 1000


def markdown(rows: list[Row]) -> str:
    lines = [
        "| job | workers | measured, ms a step | predicted | error | with the rate of as many at once | error |",
        "|:--|:--|--:|--:|--:|--:|--:|",
    ]
    errors: list[tuple[float, ...]] = []
    for job, workers, *predictions, measured in rows:
        errors.append(tuple(predicted / measured - 1 for predicted in predictions))
        cells = (f"{figure(each)} | {error:+.0%}" for each, error in zip(predictions, errors[-1], strict=True))
        lines.append(f"| {job} | {workers} | {figure(measured)} | {' | '.join(cells)} |")
    sizes = [[abs(error) for error in column] for column in zip(*errors, strict=True)]
    one, at_once = (f"median {statistics.median(column):.0%}, worst {max(column):.0%}" for column in sizes)
    lines += ["", f"Error: {one}; with the rate of as many at once: {at_once}."]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
