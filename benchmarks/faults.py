"""What a fault costs: the pause after a worker or Redis goes away, in the notebook's job with two workers.

A pause is the longest time without a finished step that lies within --watch seconds after the fault; for Redis, it is
the time from its first answer to the next finished step.
"""

import logging
import random
import signal
import statistics
import threading
import time
from contextlib import ExitStack, closing, suppress
from itertools import pairwise

import psutil

from benchmarks.cli import Parser
from benchmarks.harness import Session, session, synchronous
from benchmarks.instruments import family
from benchmarks.jobs import NOTEBOOKS
from benchmarks.tables import figure, table
from benchmarks.training import Training
from coordinator.cluster.embedded import Cluster
from coordinator.reporting.log_handlers import start_logging
from shared.errors import QueueError
from shared.messaging.client import client

WORKERS = 2
_GLANCE = 0.2  # seconds in which a worker that takes part has answered


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
            self._training.take(1)
            self.finished.append(time.monotonic())

    def wait_for_workers(self) -> None:
        """Wait until all workers have been answering for a second."""
        glances, before = 0, self._training.answers()
        while glances * _GLANCE < 1:
            time.sleep(_GLANCE)
            now = self._training.answers()
            busy = sum(before.get(name) != answered for name, answered in now.items())
            glances, before = glances + 1 if busy >= WORKERS else 0, now

    def pause_after(self, moment: float, watch: float) -> float:
        """Return the longest time between two steps in so many seconds from that moment on."""
        time.sleep(max(0.0, moment + watch - time.monotonic()))
        times = [when for when in list(self.finished) if moment < when < moment + watch]
        return max(after - before for before, after in pairwise([moment, *times, moment + watch]))

    def next_after(self, moment: float) -> float:
        """Return how long it takes from that moment to the next finished step, in seconds."""
        while not self.finished or self.finished[-1] <= moment:
            time.sleep(0.001)
        return next(when for when in self.finished if when > moment) - moment

    def close(self) -> None:
        self._over.set()
        self._thread.join()


def main() -> None:
    parser = Parser("benchmarks.faults", __doc__)
    parser.amount("--kills", 20, 1, "of a worker with kill -9, and as many with SIGSTOP")
    parser.amount("--restarts", 10, 1, "of Redis, for each time that it is away")
    parser.amount("--away", 10.0, 0.5, "seconds that Redis is away the second time; the first time it is one at most")
    parser.amount("--watch", 4.0, 1.5, "seconds after a fault in which its pause must lie")
    parser.amount("--steps", 5000, 200, "without faults")
    options = parser.parse()
    start_logging()
    logging.getLogger("coordinator").setLevel(logging.ERROR)

    # Nothing is started again before we say so.
    with ExitStack() as stack:
        running = stack.enter_context(session(synchronous(NOTEBOOKS), WORKERS, supervised=False))
        running.training.warm_up()
        print(f"a step without faults takes {figure(running.training.milliseconds(options.steps))} ms\n")
        watched = Watched(running.training)
        stack.callback(watched.close)
        stack.callback(running.cluster.supervise)  # so that the last steps can be finished
        pauses = {
            f"{name} of one of two workers": [
                after_signal(running, watched, number, options.watch) for _ in range(options.kills)
            ]
            for name, number in (("kill -9", signal.SIGKILL), ("SIGSTOP", signal.SIGSTOP))
        }
        pauses |= {
            f"Redis, {away:g} s away": [after_redis(running.cluster, watched, away) for _ in range(options.restarts)]
            for away in dict.fromkeys((min(1.0, options.away), options.away))
        }
        print(
            table(
                ("s until steps go on", "median", "worst", "faults"),
                (
                    (name, f"{statistics.median(each):.2f}", f"{max(each):.2f}", str(len(each)))
                    for name, each in pauses.items()
                ),
            )
        )


def after_signal(running: Session, watched: Watched, number: signal.Signals, watch: float) -> float:
    """Send a signal to all of a worker; when it is seen what that did, bring the worker back.  Return the pause."""
    watched.wait_for_workers()
    worker = random.choice(running.cluster.processes[1:]).process
    processes = family(psutil.Process(worker.pid))
    for process in processes:
        process.send_signal(number)
    pause = watched.pause_after(time.monotonic(), watch)
    if number == signal.SIGSTOP:
        for process in processes:
            process.resume()
    else:
        worker.wait()
        running.cluster.supervise()
    return pause


def after_redis(cluster: Cluster, watched: Watched, away: float) -> float:
    """Kill Redis and start it again after so many seconds; return the time from its answer to the next step."""
    watched.wait_for_workers()
    server = cluster.processes[0].process
    server.kill()
    server.wait()
    time.sleep(away)
    assert time.monotonic() - watched.finished[-1] > away / 2, "steps were taken without Redis"
    cluster.supervise()
    while True:
        with suppress(QueueError), closing(client(cluster.redis_url)) as connection:
            connection.ping()
            return watched.next_after(time.monotonic())


if __name__ == "__main__":
    main()
