"""Two runs at once on workers that a Redis of their own serves, through proxies, with another Redis in reserve."""

import random
from collections import Counter
from pathlib import Path
from types import MappingProxyType

from tests.chaos import coordinator_faults, jobs, line_faults, redis_faults, worker_faults
from tests.chaos.clocks import Clock
from tests.chaos.disks import may_mount, take_back
from tests.chaos.scenario import Scenario, Start
from tests.chaos.training import Training
from tests.support.program import Program
from tests.support.proxy import Proxy
from tests.support.servers import Server

_WORKERS = 3
_BAD = {"tensors": 0.02, "Celery": 0.1}  # the share of what passes that bad lines damage


class OwnRedis(Scenario):
    """See above."""

    def __init__(self, start: Start, data: Path, folder: Path, seed: object) -> None:
        super().__init__(start, data, folder, seed)
        self.server, self.other_server = (Server(_made(folder / name)) for name in ("redis", "other-redis"))
        self.tensors, self.celerys = Proxy(self.server.socket), Proxy(self.server.socket)
        address, broker = (
            f"redis://:{self.server.password}@127.0.0.1:{proxy.port}/0" for proxy in (self.tensors, self.celerys)
        )
        self._place = {"redis": address, "broker": broker}
        self._clocks: dict[Program, Clock] = {}
        self._workers: list[Program] = []
        self._born = 0

    def __exit__(self, *_: object) -> None:
        for training in self.trainings:
            if (training.folder / "runs").is_mount():
                take_back(training.folder / "runs")
        for each in (self.tensors, self.celerys):
            each.close()
        for server in (self.server, self.other_server):
            server.kill()

    def begin(self) -> None:
        for _ in range(_WORKERS):
            self.add_worker()
        self.trainings = [
            Training(self.start_with_clock, self.data, jobs.drawn(self.dice), self._place) for _ in range(2)
        ]

    def start_with_clock(self, *arguments: object, **environment: str) -> Program:
        clock = Clock(self.folder / f"clock{len(self._clocks)}")
        program = self.start(*arguments, **clock.environment, **environment)
        self._clocks[program] = clock
        return program

    def workers(self) -> list[Program]:
        return self._workers

    def add_worker(self) -> None:
        self._born += 1
        place = [argument for name, value in self._place.items() for argument in (f"--{name}", value)]
        self._workers.append(self.start_with_clock("worker", *place, "--name", f"worker{self._born}@%h"))

    def take_worker(self) -> Program:
        """Return a worker that is about to go; another comes in its place."""
        # One that takes part, if there is: else there would be little to disturb, and the runs would go on meanwhile.
        ready = [worker for worker in self._workers if " ready." in worker.text()]
        worker = self.dice.choice(ready or self._workers)
        self._workers.remove(worker)
        if len(self._workers) < _WORKERS:
            self.add_worker()
        return worker

    def look_at_the_end(self) -> None:
        for worker in self._workers:
            assert worker.process.poll() is None, f"a worker died of the faults of others:\n{worker.text()}"

    def clock_of_one_jumps(self) -> None:
        """Back or forth, by seconds or by more than a year."""
        program = self.dice.choice([training.coordinator for training in self.trainings] + self._workers)
        clock = self._clocks[program]
        clock.jump_to(self.dice.choice([-1, 1]) * self.dice.choice([2.0, 90.0, 7200.0, 400 * 86400.0]))

    kinds = MappingProxyType(
        {
            "a worker joins": worker_faults.joins,
            "a worker leaves": worker_faults.leaves,
            "a worker is killed": worker_faults.is_killed,
            "a worker stands still": worker_faults.stands_still,
            "a computing process is killed": worker_faults.loses_its_computing_process,
            "a computing process is killed while Redis is away": worker_faults.loses_its_computing_process_and_redis,
            "a coordinator is killed and resumes": coordinator_faults.is_killed,
            "a coordinator stops and resumes": coordinator_faults.is_told_to_stop,
            "a coordinator stands still": coordinator_faults.stands_still,
            "a wall clock jumps": clock_of_one_jumps,
            "Redis restarts, empty": redis_faults.restarts,
            "Redis stands still": redis_faults.stands_still,
            "Redis is flushed": redis_faults.is_flushed,
            "Redis is full": redis_faults.is_full,
            "another Redis takes over": redis_faults.gives_way_to_another,
            **line_faults.KINDS,
            **({"a disk is full": coordinator_faults.has_a_full_disk} if may_mount() else {}),
        }
    )


class BadLines(OwnRedis):
    """The same with lines that damage so much of all that passes that who recovers from one damage meets the next."""

    def disturb(self, faults: int) -> None:
        lines = {"tensors": self.tensors, "Celery": self.celerys}
        for name, proxy in lines.items():
            proxy.damage_some(line_faults.bad_line(random.Random(self.dice.random()), _BAD[name]))
        while self.fired.total() < faults:
            self.wait_for_epochs(1)
            self.fired = Counter(
                {f"{line}: {name}": n for line, proxy in lines.items() for name, n in dict(proxy.done).items()}
            )
        for proxy in lines.values():
            proxy.damage_some()

    kinds = MappingProxyType({name: fault for name, fault in line_faults.KINDS.items() if ": " in name})


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
