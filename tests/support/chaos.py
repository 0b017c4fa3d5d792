"""Faults on real processes, from a printed seed; each proves that it happened."""

import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psutil
import redis

from tests.support.processes import wait_for_the_end_of
from tests.support.program import Program, job, metrics
from tests.support.proxy import Proxy
from tests.support.servers import Server
from tests.support.waiting import wait_until

WORKERS = 3
EPOCHS_A_FAULT = 4  # how far the run comes from one to the next
ENDLESS = 100_000  # epochs; how many are to come is known when all faults have fired


class Chaos:
    """A run on workers and a Redis that all get into trouble, and the count of the troubles."""

    def __init__(self, gradmq: Callable[..., Program], data: Path, server: Server, seed: int, faults: int) -> None:
        self.random = random.Random(seed)
        self.fired: Counter[str] = Counter()
        self.faults, self.epochs = faults, ENDLESS
        self._gradmq, self._data, self._server = gradmq, data, server
        self._proxy = Proxy(server.socket)
        self._url = f"redis://:{server.password}@127.0.0.1:{self._proxy.port}/0"
        self._workers: list[Program] = []
        self._born = 0

    def run(self) -> Program:
        """Train through all the faults; return the program that came to the end."""
        try:
            for _ in range(WORKERS):
                self.worker_joins()
            self.fired.clear()  # those were none
            self._coordinator = self._gradmq(*job(self._data, self.epochs, redis=self._url, audit=0.05))
            self.folder = self._coordinator.output.parent
            # Each kind in turn, in an order that is drawn, so that every one of them comes about equally often.
            kinds: list[Callable[[], None]] = []
            for number in range(self.faults):
                self._wait_for_epoch(EPOCHS_A_FAULT * number)
                kinds = kinds or self.random.sample(self.kinds, len(self.kinds))
                time.sleep(self.random.random() / 10)
                kinds.pop()()
            self._wait_for_epoch(EPOCHS_A_FAULT * self.faults)
            self._coordinator.process.send_signal(signal.SIGINT)
            assert self._coordinator.end() == 130, self._report("the run failed")
            self.epochs = len(metrics(self.folder)) + EPOCHS_A_FAULT
            self._resume("--epochs", str(self.epochs))
            assert self._coordinator.end() == 0, self._report("the run failed")
            for worker in self._workers:
                assert worker.process.poll() is None, f"a worker died of the faults of others:\n{worker.text()}"
            return self._coordinator
        finally:
            self._proxy.close()

    @property
    def kinds(self) -> list[Callable[[], None]]:
        return [
            *(self.worker_is_killed, self.computing_process_is_killed, self.worker_is_stopped, self.worker_joins),
            *(self.worker_leaves, self.redis_restarts, self.redis_is_flushed, self.redis_is_full),
            *(self.answer_is_cut, self.answer_is_lost, self.reply_comes_twice, self.reply_comes_late),
            *(self.coordinator_is_killed, self.coordinator_is_told_to_stop),
        ]

    def worker_joins(self) -> None:
        self._born += 1
        worker = self._gradmq("worker", "--redis", self._url, "--name", f"worker{self._born}@%h")
        self._workers.append(worker)
        self.fired["worker joins"] += 1

    def worker_leaves(self) -> None:
        worker = self._some_worker()
        worker.wait_for(" ready.")  # before that it ends by the signal, not on its own terms
        worker.process.terminate()
        assert worker.end() == 0, worker.text()
        self.fired["worker leaves"] += 1

    def worker_is_killed(self) -> None:
        worker = self._some_worker()
        for process in worker.descendants():
            process.kill()
        worker.process.kill()
        assert worker.end() == -signal.SIGKILL
        self.fired["worker is killed"] += 1

    def computing_process_is_killed(self) -> None:
        def processes() -> list[psutil.Process]:
            return [process for worker in self._workers for process in worker.descendants()]

        process = self.random.choice(wait_until(processes, "a process that a worker has started"))
        process.kill()
        wait_for_the_end_of([process])
        self.fired["computing process is killed"] += 1

    def worker_is_stopped(self) -> None:
        worker = self.random.choice(self._workers)
        assert worker.process.poll() is None, f"a worker died of the faults of others:\n{worker.text()}"
        processes = [worker.group, *worker.descendants()]
        for process in processes:
            process.suspend()
        self._wait_until(lambda: worker.group.status() == psutil.STATUS_STOPPED, "the worker stands still")
        time.sleep(self.random.uniform(0.2, 1.5))
        for process in processes:
            process.resume()
        self.fired["worker is stopped"] += 1

    def redis_restarts(self) -> None:
        self._server.kill()
        assert self._server.process.returncode == -signal.SIGKILL
        time.sleep(self.random.uniform(0, 1.5))
        self._server.start()
        self.fired["redis restarts, empty"] += 1

    def redis_is_flushed(self) -> None:
        with self._server.client() as client:
            self._wait_until(lambda: client.dbsize() > 0, "a key in Redis")
            client.flushall()
        self.fired["redis is flushed"] += 1

    def redis_is_full(self) -> None:
        with self._server.client() as client:
            before = _refused(client)
            client.config_set("maxmemory", 1)
            self._wait_until(lambda: _refused(client) > before, "somebody who wants to write to the full Redis")
            client.config_set("maxmemory", 0)
        self.fired["redis is full"] += 1

    def answer_is_cut(self) -> None:
        self._cut(self.random.randrange(1, 3000))
        self.fired["answer is cut"] += 1

    def answer_is_lost(self) -> None:
        self._cut(0)
        self.fired["answer is lost"] += 1

    def reply_comes_twice(self) -> None:
        self._push(self._proxy.seen[-1])
        self.fired["reply comes twice"] += 1

    def reply_comes_late(self) -> None:
        before = self._proxy.seen[-1]
        self._wait_until(lambda: before not in self._proxy.seen, "five more replies")
        self._push(before)
        self.fired["reply comes late"] += 1

    def coordinator_is_killed(self) -> None:
        self._coordinator.process.kill()
        assert self._coordinator.end() == -signal.SIGKILL
        self._resume()
        self.fired["coordinator is killed and resumes"] += 1

    def coordinator_is_told_to_stop(self) -> None:
        self._coordinator.process.send_signal(self.random.choice([signal.SIGINT, signal.SIGTERM]))
        assert self._coordinator.end() in (130, 143), self._coordinator.text()
        assert "Traceback" not in self._coordinator.text()
        self._resume()
        self.fired["coordinator stops and resumes"] += 1

    def _resume(self, *options: str) -> None:
        (run,) = self.folder.glob("runs/*")
        self._coordinator = self._gradmq("resume", run, "--redis", self._url, "--audit", "0.05", *options)

    def _some_worker(self) -> Program:
        """A worker that is about to go; another comes in its place."""
        # One that takes part, if there is: else there would be little to disturb, and the run would go on meanwhile.
        ready = [worker for worker in self._workers if " ready." in worker.text()]
        worker = self.random.choice(ready or self._workers)
        self._workers.remove(worker)
        if len(self._workers) < WORKERS:
            self.worker_joins()
            self.fired["worker joins"] -= 1
        return worker

    def _cut(self, size: int) -> None:
        before = self._proxy.cuts
        self._proxy.cut_after(size)
        self._wait_until(lambda: self._proxy.cuts > before, "an answer of Redis that can be cut")

    def _push(self, seen: tuple[bytes, bytes]) -> None:
        """Push a reply that has been pushed before."""
        key, reply = seen
        with self._server.client() as client:
            client.rpush(key, reply)
            client.expire(key, 60)

    def _report(self, what: str) -> str:
        """What to read when something went wrong."""
        programs = [self._coordinator, *self._workers]
        return "\n\n".join([f"{what}; after {dict(self.fired)}", *(each.text()[-3000:] for each in programs)])

    def _wait_until(self, condition: Callable[[], bool], what: str) -> None:
        wait_until(condition, what, lambda: self._report("it did not happen"))

    def _wait_for_epoch(self, epoch: int) -> None:
        def recorded() -> bool:
            assert self._coordinator.process.poll() is None, self._report("the run ended before all faults had fired")
            return any(self.folder.glob("runs/*/metrics.jsonl")) and len(metrics(self.folder)) > epoch

        self._wait_until(recorded, f"epoch {epoch}")


def _refused(client: redis.Redis) -> int:
    """How many commands Redis has refused because it is full."""
    return int(client.info("errorstats").get("errorstat_OOM", {}).get("count", 0))
