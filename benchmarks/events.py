"""What Celery's events and Flower cost a step of the notebook's job.

Without events, with them, and with a Flower that looks, in turn, so that all meet the same machine.
"""

import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from celery import Celery

from benchmarks.cli import Parser
from benchmarks.harness import Session, session, synchronous
from benchmarks.jobs import NOTEBOOKS
from benchmarks.machine import free_port
from benchmarks.turns import in_turn, turns_table
from coordinator.cluster.commands import flower_command
from shared.messaging.addresses import name_addresses
from shared.messaging.celery_settings import celery_settings

WORKERS = 2
WITHOUT = "no events"
_SETTLE = 1.0  # seconds until the workers have heard
_START = 60.0  # seconds that Flower may take to answer


def main() -> None:
    parser = Parser("benchmarks.events", __doc__)
    parser.amount("--rounds", 10, 1, "how often each has its turn")
    parser.amount("--steps", 1000, 100, "of each in a round")
    options = parser.parse()

    with (
        session(synchronous(NOTEBOOKS), WORKERS) as running,
        Celery("benchmark", set_as_current=False) as app,
    ):
        app.conf.update(celery_settings(running.broker))
        training = running.training
        training.warm_up()

        def without() -> float:
            app.control.disable_events()
            time.sleep(_SETTLE)
            return training.milliseconds(options.steps)

        def events() -> float:
            app.control.enable_events()
            time.sleep(_SETTLE)
            return training.milliseconds(options.steps)

        def watched() -> float:
            with flower(running):
                return training.milliseconds(options.steps)

        columns = in_turn(options.rounds, {WITHOUT: without, "events": events, "events, Flower": watched})
    print(turns_table(f"ms a step, {WORKERS} workers", columns, WITHOUT))


@contextmanager
def flower(running: Session) -> Iterator[None]:
    """Run Flower, until it has seen the workers and then for the time of the block."""
    port = free_port()
    environment = {**os.environ}
    name_addresses(environment, running.cluster.redis_url, None)
    path = running.logs / "flower.log"
    with path.open("ab") as log:
        process = subprocess.Popen(flower_command(port), stdout=log, stderr=log, env=environment)
    deadline = time.monotonic() + _START
    try:
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/workers", timeout=5):
                    break
            except (urllib.error.URLError, OSError):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"Flower does not start:\n{path.read_text()}") from None
                time.sleep(0.1)
        time.sleep(_SETTLE)
        yield
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
