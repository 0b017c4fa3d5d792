"""What a fault costs: the pause after a worker or Redis goes away; and what it costs to be prepared for it.

python benchmarks/faults.py [--kills 20] [--restarts 10]

A pause is the longest time without a finished step that lies within four seconds after the fault (for Redis: the time
from its first answer to the next finished step). The seed's job, two workers, two shards.
"""

import argparse
import logging
import random
import signal
import statistics
import tempfile
import threading
import time
from contextlib import ExitStack, closing, suppress
from itertools import pairwise
from pathlib import Path

import psutil
import redis
from step import ETA, MINI_BATCH, SIZES, WARM_UP, Training
from threadpoolctl import threadpool_limits

from coordinator.cluster.embedded import Cluster, embedded_cluster
from coordinator.gradients.remote import Exchange
from coordinator.reporting.log_handlers import start_logging
from coordinator.runs.checkpoint import Checkpoints
from coordinator.training.state import State
from shared.config import TrainConfig
from shared.data.dataset import DEFAULT_DATA, load_dataset
from shared.messaging.addresses import broker_url
from shared.messaging.client import client

WATCH = 4.0  # seconds after a fault in which its pause must lie


class Watched:
    """A training in a thread of its own, which notes when each step was finished."""

    def __init__(self, training: Training) -> None:
        self._training = training
        self.finished: list[float] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def _work(self) -> None:
        while not self._over.is_set():
            self._training.milliseconds(1)
            self.finished.append(time.monotonic())

    def pause_after(self, moment: float) -> float:
        """Return the longest time between two steps from that moment on, in seconds."""
        time.sleep(max(0.0, moment + WATCH - time.monotonic()))
        times = [when for when in list(self.finished) if moment < when < moment + WATCH]
        return max(after - before for before, after in pairwise([moment, *times, moment + WATCH]))

    def next_after(self, moment: float) -> float:
        """Return how long it takes from that moment to the next finished step, in seconds."""
        while not self.finished or self.finished[-1] <= moment:
            time.sleep(0.001)
        return next(when for when in self.finished if when > moment) - moment

    def close(self) -> None:
        self._over.set()
        self._thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--restarts", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    start_logging()
    logging.getLogger("coordinator").setLevel(logging.ERROR)

    data = load_dataset(DEFAULT_DATA)
    config = TrainConfig(SIZES, 10_000, MINI_BATCH, ETA, 0, 2, "float32")
    with ExitStack() as stack:
        stack.enter_context(threadpool_limits(1))
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cluster = stack.enter_context(embedded_cluster(2, DEFAULT_DATA, logs, None))
        url, state = cluster.redis_url, State.initial(config)
        # Nothing is started again before we say so.
        exchange = Exchange(
            *(url, broker_url(url), "benchmark", config, data.training, state),
            *(None, 0.0, lambda: None, cluster.shared_tensors(config)),
        )
        stack.callback(exchange.close)
        training = Training(exchange, config, len(data.training))
        training.milliseconds(WARM_UP)
        step = statistics.median(training.milliseconds(1000) for _ in range(5))
        print(f"a step without faults takes {step:.3f} ms")

        print("cost of being prepared, as a ratio to steps without, taken in turn")
        if options.rounds:
            report_costs(training, exchange, state, options.rounds, logs, config)

        watched = Watched(training)
        stack.callback(watched.close)
        stack.callback(cluster.tend)  # so that the last steps can be finished
        for name, number in (("kill -9", signal.SIGKILL), ("SIGSTOP", signal.SIGSTOP)):
            pauses = [pause_of_a_worker(cluster, exchange, watched, number) for _ in range(options.kills)]
            report(f"pause after {name} of one of two workers", pauses)
        for away in (1, 10):
            times = [time_after_redis(cluster, exchange, watched, away) for _ in range(options.restarts)]
            report(f"from Redis, {away} s away, to the next finished step", times)


def report(what: str, seconds: list[float]) -> None:
    print(
        f"{what}: median {statistics.median(seconds):.2f} s, worst of {len(seconds)} {max(seconds):.2f} s", flush=True
    )


def pause_of_a_worker(cluster: Cluster, exchange: Exchange, watched: Watched, number: signal.Signals) -> float:
    """Send a signal to all of a worker; when it is seen what that did, bring the worker back."""
    wait_for_two(exchange)
    worker = random.choice(cluster.members[1:]).process
    processes = [psutil.Process(worker.pid), *psutil.Process(worker.pid).children(recursive=True)]
    for process in processes:
        process.send_signal(number)
    pause = watched.pause_after(time.monotonic())
    if number == signal.SIGSTOP:
        for process in processes:
            process.resume()
    else:
        worker.wait()
        cluster.tend()
    return pause


def time_after_redis(cluster: Cluster, exchange: Exchange, watched: Watched, away: float) -> float:
    """Kill Redis and start it again after so many seconds."""
    wait_for_two(exchange)
    cluster.members[0].process.kill()
    cluster.members[0].process.wait()
    time.sleep(away)
    assert time.monotonic() - watched.finished[-1] > away - 0.5, "steps were taken without Redis"
    cluster.tend()
    while True:
        with suppress(redis.RedisError), closing(client(cluster.redis_url)) as connection:
            connection.ping()
            break
    return watched.next_after(time.monotonic())


def wait_for_two(exchange: Exchange) -> None:
    """Until both workers have been at work for a second."""
    since = time.monotonic()
    while time.monotonic() - since < 1:
        if exchange._seats.expected < 2:
            since = time.monotonic()
        time.sleep(0.01)


def report_costs(
    training: Training, exchange: Exchange, state: State, rounds: int, logs: Path, config: TrainConfig
) -> None:
    checkpoints = Checkpoints(logs / "checkpoint.npz", config)
    state.parameters = training.parameters

    def with_checkpoints() -> float:
        training.after_step = lambda: checkpoints.take(state) if checkpoints.due else None
        try:
            return training.milliseconds(4000)
        finally:
            training.after_step = lambda: None

    def with_audit() -> float:
        exchange._inbox._audit._share = 0.01
        try:
            return training.milliseconds(4000)
        finally:
            exchange._inbox._audit._share = 0.0

    for name, prepared in (("a checkpoint every two seconds", with_checkpoints), ("--audit 0.01", with_audit)):
        ratios = [prepared() / training.milliseconds(4000) for _ in range(rounds)]
        print(
            f"  {name:32} median {statistics.median(ratios):.3f}   {min(ratios):.3f} to {max(ratios):.3f}", flush=True
        )
    checkpoints.close()


if __name__ == "__main__":
    main()
