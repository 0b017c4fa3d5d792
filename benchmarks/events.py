"""What Celery's events and Flower cost a step of the seed's job.

    python benchmarks/events.py [--rounds 10] [--steps 1000]

Without events, with them, and with a Flower that looks, in turn, so that all meet the same machine.
"""

import argparse
import statistics
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from celery import Celery
from step import ETA, MINI_BATCH, SIZES, WARM_UP, Training
from threadpoolctl import threadpool_limits

from coordinator.cluster.embedded import celery_command, embedded_cluster
from coordinator.gradients.remote import Exchange
from coordinator.training.state import State
from shared.config import TrainConfig
from shared.data.dataset import DEFAULT_DATA, load_dataset
from shared.messaging.addresses import broker_url
from shared.messaging.celery_settings import celery_settings

PORT = 5599
WORKERS = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--steps", type=int, default=1000, help="of each contender in a round")
    options = parser.parse_args()

    data = load_dataset(DEFAULT_DATA)
    config = TrainConfig(SIZES, 1000, MINI_BATCH, ETA, 0, 2, "float32")
    with ExitStack() as stack:
        stack.enter_context(threadpool_limits(1))
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cluster = stack.enter_context(embedded_cluster(WORKERS, DEFAULT_DATA, logs, None))
        url = cluster.redis_url
        broker = broker_url(url)
        exchange = Exchange(
            url, broker, "benchmark", config, data.training, State.initial(config), None, 0.0, cluster.tend
        )
        stack.callback(exchange.close)
        training = Training(exchange, config, len(data.training))
        app = stack.enter_context(Celery("benchmark", set_as_current=False))
        app.conf.update(celery_settings(broker))

        training.milliseconds(WARM_UP)
        rounds = []
        for _ in range(options.rounds):
            app.control.disable_events()
            time.sleep(1)
            without = training.milliseconds(options.steps)
            app.control.enable_events()
            time.sleep(1)
            events = training.milliseconds(options.steps)
            with flower(broker, logs):
                watched = training.milliseconds(options.steps)
            rounds.append((without, events, watched))

    print(f"milliseconds a step, {WORKERS} workers, {options.rounds} rounds of {options.steps} steps")
    for name, column in zip(("no events", "events", "events, Flower"), zip(*rounds, strict=True), strict=True):
        ratio = statistics.median(ours / first for ours, (first, *_) in zip(column, rounds, strict=True))
        print(f"  {name:15} median {statistics.median(column):.3f}   ratio to none {ratio:.3f}")


@contextmanager
def flower(broker: str, logs: Path) -> Iterator[None]:
    """Run Flower, until it has seen the workers and then for the time of the block."""
    command = [*celery_command("flower"), "--address=127.0.0.1", f"--port={PORT}"]
    command[command.index("-A") : command.index("-A")] = ["--broker", broker]
    with (logs / "flower.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/workers", timeout=5):
                    break
            except (urllib.error.URLError, OSError):
                assert process.poll() is None, (logs / "flower.log").read_text()
                time.sleep(0.1)
        time.sleep(2)
        yield
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
