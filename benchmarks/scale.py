"""What a step costs the coordinator and Redis with 1 to 64 workers that answer at once.

    python benchmarks/scale.py [--jobs a b c512 c2048] [--workers 1 2 4 8 16 32 64] [--seconds 1.5] [--memory]

The coordinator's part is the real one (`coordinator.train.steps` on an `Exchange`), so is Redis; the workers are played
by one process (players.py), because no machine has so many cores to spare. Tensors go through Redis, as with workers on
other machines; with --memory they are in shared memory. There are as many shards as workers, or the usual number if
that is more, and at least as many samples. Writes scale.md into benchmarks/results, and prints the constants of
coordinator/plan.py.

The players take cores from coordinator and Redis, so quote the CPU times: the time of a step is only an upper bound.
"""

import argparse
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from contenders.contender import JOBS, Job
from machine import describe, machine
from step import redis_cpu
from threadpoolctl import threadpool_limits

from coordinator.cluster.embedded import Cluster, embedded_cluster
from coordinator.gradients.remote import Exchange
from coordinator.training.loop import GradientSource, steps
from coordinator.training.state import State
from shared.config import TrainConfig
from shared.data.dataset import DEFAULT_DATA, load_dataset
from shared.data.samples import LabelledSamples
from shared.messaging.addresses import broker_url
from shared.messaging.client import client
from shared.messaging.sockets import Wire
from shared.nn.parameters import Parameters
from shared.parallel.sharding import default_shards
from shared.transport.regions import SharedTensors
from shared.transport.shared_memory import anonymous_file

RESULTS = Path(__file__).parent / "results"
PLAYERS = Path(__file__).parent / "players.py"
ARRIVAL = 15.0  # seconds that we wait for all workers
LEAST_STEPS = 3
LABELS = {"step": "step", "coordinator": "CPU of the coordinator", "redis": "CPU of Redis"}


@dataclass
class Cost:
    """Milliseconds a step."""

    step: float
    coordinator: float  # CPU, without waiting awake
    redis: float  # CPU


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", nargs="+", choices=JOBS, default=list(JOBS))
    parser.add_argument("--workers", nargs="+", type=int, default=[1, 2, 4, 8, 16, 32, 64])
    parser.add_argument("--seconds", type=float, default=1.5, help="of measuring, for each number of workers")
    parser.add_argument("--memory", action="store_true", help="tensors in shared memory")
    options = parser.parse_args()

    training = load_dataset(DEFAULT_DATA).training
    waiting = WaitingTime()
    results: dict[str, list[Cost]] = {}
    with ExitStack() as stack:
        stack.enter_context(threadpool_limits(1))
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cluster = stack.enter_context(embedded_cluster(0, DEFAULT_DATA, logs, None))
        for job in options.jobs:
            results[job] = []
            for workers in options.workers:
                cost = measure(cluster, JOBS[job], workers, options.seconds, training, waiting, options.memory)
                results[job].append(cost)
                print(f"{JOBS[job]}, {workers} workers: {cost}", flush=True)
    table = markdown(results, options.workers)
    print(f"\n{table}\n{constants(results, options.workers, options.memory)}")
    if not options.memory:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "scale.md").write_text(f"{describe(machine(sys.executable))}\n\n{table}")


def measure(
    cluster: Cluster,
    job: Job,
    workers: int,
    seconds: float,
    training: LabelledSamples,
    waiting: "WaitingTime",
    memory: bool,
) -> Cost:
    """Return what a step of this job costs with so many workers."""
    shards = max(workers, default_shards(job.mini_batch))
    # So that there is a sample for every shard, as with a user who wants them all to work.
    config = TrainConfig(job.sizes, 1_000_000, max(job.mini_batch, shards), job.eta, 0, shards, "float32")
    state = State.initial(config)
    url = cluster.redis_url
    with ExitStack() as stack:
        server = stack.enter_context(client(url))
        server.flushdb()  # seats of the run before, which nobody took
        tensors, inherited = None, []
        if memory:
            inherited = [anonymous_file()]
            stack.callback(os.close, inherited[0])
            tensors = SharedTensors(inherited[0], config, workers)
        exchange = Exchange(
            *(url, broker_url(url), "benchmark", config, training, state, None, 0.0, lambda: None, tensors)
        )
        command = [sys.executable, str(PLAYERS), url, str(workers), str(len(training)), *map(str, inherited)]
        players = stack.enter_context(subprocess.Popen(command, pass_fds=inherited))
        stack.callback(players.terminate)
        stack.callback(exchange.close)

        run = endless(config, training, exchange, state)
        deadline = time.monotonic() + ARRIVAL
        while exchange.workers < workers and time.monotonic() < deadline:
            next(run)
        assert exchange.workers == workers, f"{exchange.workers} of {workers} players came"
        warm = time.monotonic() + seconds / 3
        while time.monotonic() < warm:
            next(run)
        redis_before, cpu_before, waited_before = redis_cpu(server.info("cpu")), time.process_time(), waiting.seconds
        start, taken = time.perf_counter(), 0
        while taken < LEAST_STEPS or time.perf_counter() < start + seconds:
            next(run)
            taken += 1
        wall = time.perf_counter() - start
        cpu = time.process_time() - cpu_before - (waiting.seconds - waited_before)
        redis_time = redis_cpu(server.info("cpu")) - redis_before
    return Cost(wall * 1000 / taken, cpu * 1000 / taken, redis_time / taken)


def endless(config: TrainConfig, training: LabelledSamples, source: GradientSource, state: State) -> Iterator[int]:
    """Take steps, epoch after epoch."""
    while True:
        yield from steps(config, training, source, state)
        state.next_epoch()


class WaitingTime:
    """The CPU time that this process's streams spend waiting awake, from now on."""

    def __init__(self) -> None:
        self.seconds = 0.0
        wait = Wire._wait

        def timed(wire: Wire, ready: select.poll) -> None:
            start = time.process_time()
            wait(wire, ready)
            self.seconds += time.process_time() - start

        Wire._wait = timed  # type: ignore[method-assign]


def markdown(results: dict[str, list[Cost]], workers: list[int]) -> str:
    lines = [f"| milliseconds a step, of workers: | {' | '.join(map(str, workers))} |", "|:--|" + "--:|" * len(workers)]
    for job, costs in results.items():
        for what in LABELS:
            values = " | ".join(figure(getattr(cost, what)) for cost in costs)
            lines.append(f"| {JOBS[job]}: {LABELS[what]} | {values} |")
    return "\n".join(lines) + "\n"


def constants(results: dict[str, list[Cost]], workers: list[int], memory: bool) -> str:
    """Fit the costs of coordinator/plan.py to the CPU times, by least squares of the relative errors.

    Bytes are the weights', except for Redis, where they are all that it moves. What of a step is neither coordinator's
    nor Redis's CPU time is put down to the players.
    """
    costs = [(JOBS[job], n, cost) for job, each in results.items() for n, cost in zip(workers, each, strict=True)]
    requests = np.array([n for _, n, _ in costs])
    size = np.array([Parameters.count(job.sizes) * 4 for job, _, _ in costs])
    one = np.ones(len(costs))
    moved = np.zeros(len(costs)) if memory else size * (1 + 3 * requests)  # in once; then out, in, out for each request
    lines = []
    for name, milliseconds, columns in (
        ("coordinator", [cost.coordinator for *_, cost in costs], (one, requests, size, size * requests)),
        ("redis", [cost.redis for *_, cost in costs], (one, requests, moved)),
        (
            "players",
            [cost.step - cost.coordinator - cost.redis for *_, cost in costs],
            (one, requests, size * requests),
        ),
    ):
        seconds = np.array(milliseconds) / 1000
        weighed = np.column_stack(columns) / seconds[:, None]
        found = np.linalg.lstsq(weighed, one, rcond=None)[0]
        worst = np.abs(weighed @ found - 1).max()
        values = ", ".join(f"{value:.3g}" for value in found)
        what = "a step, a request, a byte" + (", a byte of a request" if name == "coordinator" else "")
        lines.append(f"{name}: {values} s ({what}); off by {worst:.0%} at most")
    return "\n".join(lines)


def figure(milliseconds: float) -> str:
    """Return a time with three digits or so."""
    return f"{milliseconds:.{2 if milliseconds < 10 else 1 if milliseconds < 100 else 0}f}"


if __name__ == "__main__":
    main()
