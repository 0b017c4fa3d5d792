"""Does memory grow? The seed's job over 30 epochs, and after each the memory of coordinator, workers and Redis.

    python benchmarks/memory.py [--epochs 30] [--wire]

Writes memory.md (the table) and, if matplotlib is there, memory.png (the curves) into benchmarks/results.
"""

import argparse
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

import psutil
from step import MINI_BATCH, SIZES, Training
from threadpoolctl import threadpool_limits

from coordinator.cluster.embedded import Cluster, embedded_cluster
from coordinator.gradients.remote import Exchange
from coordinator.training.state import State
from shared.config import TrainConfig
from shared.data.dataset import DEFAULT_DATA, load_dataset
from shared.messaging.addresses import broker_url
from shared.messaging.client import client

WORKERS = 2
RESULTS = Path(__file__).parent / "results"
COLUMNS = ("coordinator", "workers", "Redis", "Redis: its data")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--wire", action="store_true", help="tensors through Redis, as with workers on other machines")
    options = parser.parse_args()

    data = load_dataset(DEFAULT_DATA)
    config = TrainConfig(SIZES, options.epochs, MINI_BATCH, 3.0, 0, 2, "float32")
    state = State.initial(config)
    with ExitStack() as stack:
        stack.enter_context(threadpool_limits(1))
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cluster = stack.enter_context(embedded_cluster(WORKERS, DEFAULT_DATA, logs, None))
        url = cluster.redis_url
        tensors = None if options.wire else cluster.shared_tensors(config)
        exchange = Exchange(
            *(url, broker_url(url), "benchmark", config, data.training, state, None, 0.0, cluster.tend, tensors)
        )
        stack.callback(exchange.close)
        training = Training(exchange, config, len(data.training))
        rows = []
        for _ in range(options.epochs):
            training.milliseconds(config.steps_per_epoch(len(data.training)))
            rows.append(megabytes(cluster))
    table = markdown(rows)
    print(table)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "memory.md").write_text(table)
    plot(rows, RESULTS / "memory.png")


def megabytes(cluster: Cluster) -> tuple[float, ...]:
    """Return the resident memory of coordinator, workers and Redis, and what Redis says that its data take."""
    server, *workers = (psutil.Process(member.process.pid) for member in cluster.members)
    processes = [each for worker in workers for each in (worker, *worker.children(recursive=True))]
    with client(cluster.redis_url) as connection:
        used = connection.info("memory")["used_memory_dataset"]
    resident = (
        psutil.Process(os.getpid()).memory_info().rss,
        sum(process.memory_info().rss for process in processes),
        server.memory_info().rss,
    )
    return tuple(value / 1e6 for value in (*resident, used))


def markdown(rows: list[tuple[float, ...]]) -> str:
    shown = [0, *range(4, len(rows), 5)]
    lines = [f"| MB after epoch | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
    for epoch in shown:
        lines.append(f"| {epoch} | {' | '.join(f'{value:.1f}' for value in rows[epoch])} |")
    return "\n".join(lines) + "\n"


def plot(rows: list[tuple[float, ...]], path: Path) -> None:
    try:
        import matplotlib
    except ModuleNotFoundError:
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axis = pyplot.subplots(figsize=(7, 3.5), layout="constrained")
    for name, values in zip(COLUMNS, zip(*rows, strict=True), strict=True):
        axis.plot(values, label=name, marker=".")
    axis.set_yscale("log")
    axis.set_xlabel("epoch")
    axis.set_ylabel("MB (log scale)")
    axis.legend(loc="center right", frameon=False)
    axis.grid(alpha=0.3)
    figure.savefig(path, dpi=130)


if __name__ == "__main__":
    main()
