"""What can be read from outside: CPU time, memory, waiting, and what the workers say they did."""

import ast
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from coordinator.cluster.embedded import Cluster
from shared.messaging.client import client
from shared.messaging.sockets import observe_waits


@dataclass
class Seconds:
    """How long something took, added up."""

    value: float = 0.0


@contextmanager
def waiting(clock: Callable[[], float]) -> Iterator[Seconds]:
    """Add up how long this process's connections wait, for the time of the block.

    clock: time.perf_counter, or time.process_time for the CPU time of waiting awake.
    """
    total = Seconds()

    def observe(begins: bool) -> None:
        total.value += -clock() if begins else clock()

    observe_waits(observe)
    try:
        yield total
    finally:
        observe_waits(None)


@contextmanager
def redis_cpu(url: str) -> Iterator[Seconds]:
    """Take the CPU time that Redis uses in the block; it is told after the block."""
    used = Seconds()
    with client(url) as server:

        def cpu() -> float:
            info = server.info("cpu")
            return float(info["used_cpu_user"]) + float(info["used_cpu_sys"])

        before = cpu()
        yield used
        used.value = cpu() - before


def computing(logs: Path) -> float:
    """Return what a request costs a worker, in seconds, from the results of all leases in the workers' logs."""
    done = [
        ast.literal_eval(text)
        for log in logs.glob("worker*.log")
        for text in re.findall(r"succeeded in .*: (\{.*\})", log.read_text())
    ]
    return float(sum(result["seconds_computing"] for result in done) / sum(result["requests"] for result in done))


def memory(cluster: Cluster) -> dict[str, float]:
    """Return the MB that are resident in coordinator, workers and Redis, and what Redis says that its data take."""
    server, *workers = (psutil.Process(each.process.pid) for each in cluster.processes)
    with client(cluster.redis_url) as connection:
        data = connection.info("memory")["used_memory_dataset"]
    return {
        "coordinator": psutil.Process(os.getpid()).memory_info().rss / 1e6,
        "workers": sum(each.memory_info().rss for worker in workers for each in family(worker)) / 1e6,
        "Redis": server.memory_info().rss / 1e6,
        "Redis: its data": data / 1e6,
    }


def family(process: psutil.Process) -> list[psutil.Process]:
    """Return a process and all that descend from it."""
    return [process, *process.children(recursive=True)]
