"""What a step costs with two workers, beside the seed's loop, and where the time goes.

    python benchmarks/step.py [--rounds 10] [--steps 1000]

The two run in turn, round by round, so that both meet the same machine; only their ratio is worth quoting.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import redis
from seed_loop import SeedLoop
from threadpoolctl import threadpool_limits

from coordinator.cluster import Cluster, embedded_cluster
from coordinator.exchange import Exchange
from shared.config import TrainConfig
from shared.dataset import DEFAULT_DATA, load_dataset
from shared.mnist_loader import load_data_wrapper
from shared.queue import broker_url
from shared.resp import client
from shared.sgd import epoch_order, initial_parameters, sgd_step

SIZES = (784, 30, 10)
MINI_BATCH = 10
ETA = 3.0
TICK = 1000 / os.sysconf("SC_CLK_TCK")  # milliseconds


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=10)
    options.add_argument("--steps", type=int, default=1000, help="of each contender in a round")
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--shards", type=int, default=2)
    chosen = options.parse_args()

    data = load_dataset(DEFAULT_DATA)
    pairs = list(load_data_wrapper()[0])[: chosen.steps * MINI_BATCH]
    config = TrainConfig(SIZES, 1000, MINI_BATCH, ETA, 0, chosen.shards, "float32")
    parameters = initial_parameters(SIZES, 0, config.dtype)
    seed_loop = SeedLoop(SIZES)

    with ExitStack() as stack:
        stack.enter_context(threadpool_limits(1))
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cluster = stack.enter_context(embedded_cluster(chosen.workers, DEFAULT_DATA, logs, None, say))
        url = cluster.redis_url
        exchange = Exchange(url, broker_url(url), "benchmark", config, data.training, None, say, cluster.tend)
        stack.callback(exchange.close)
        server = stack.enter_context(client(url))

        position = 0

        def distributed(steps: int) -> list[float]:
            """Take that many steps; return the milliseconds of each."""
            nonlocal position
            times = []
            for _ in range(steps):
                epoch, batch = divmod(position, config.steps_per_epoch(len(data.training)))
                order = epoch_order(config.seed, epoch, len(data.training))
                rows = order[batch * MINI_BATCH : (batch + 1) * MINI_BATCH]
                start = time.perf_counter()
                gradient, n_samples = exchange.gradient(parameters, epoch, batch, rows)
                sgd_step(parameters, gradient, ETA, n_samples)
                times.append((time.perf_counter() - start) * 1000)
                position += 1
            return times

        distributed(1000)  # until the workers are there and warm
        rows = []
        for _ in range(chosen.rounds):
            start = time.perf_counter()
            for first in range(0, len(pairs), MINI_BATCH):
                seed_loop.step(pairs[first : first + MINI_BATCH], ETA)
            seed_ms = (time.perf_counter() - start) * 1000 / chosen.steps

            before = cpu(server)
            workers_before = workers_cpu(cluster)
            start = time.perf_counter()
            times = distributed(chosen.steps)
            ours_ms = (time.perf_counter() - start) * 1000 / chosen.steps
            used = [(b - a) / chosen.steps for a, b in zip(before, cpu(server), strict=True)]
            workers_used = (workers_cpu(cluster) - workers_before) / chosen.steps
            rows.append([seed_ms, ours_ms, ours_ms / seed_ms, statistics.median(times), *used, workers_used])

    names = ["seed loop", "GradMQ", "ratio", "GradMQ, median step", "CPU coordinator", "CPU Redis", "CPU workers"]
    for name, column in zip(names, zip(*rows, strict=True), strict=True):
        print(f"{name:22} median {statistics.median(column):6.3f}   min {min(column):6.3f}   max {max(column):6.3f}")


def cpu(server: redis.Redis) -> list[float]:
    """Return the CPU time of this process and of Redis so far, in milliseconds."""
    info = server.info("cpu")
    return [time.process_time() * 1000, (info["used_cpu_user"] + info["used_cpu_sys"]) * 1000]


def workers_cpu(cluster: Cluster) -> float:
    """Return the CPU time of all workers and their children so far, in milliseconds."""
    pids = [member.process.pid for member in cluster.members if member.name.startswith("worker")]
    total = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) in pids or int(stat.parent.name) in pids:
            total += (int(fields[11]) + int(fields[12])) * TICK
    return total


def say(line: str) -> None:
    print(line, file=sys.stderr)


if __name__ == "__main__":
    main()
