"""A run on the cluster that it has started itself: a Redis, two workers, and a watchdog that ends them all."""

import shutil
import signal
from types import MappingProxyType

from tests.chaos import coordinator_faults, jobs, worker_faults
from tests.chaos.scenario import Scenario
from tests.chaos.training import Training
from tests.support.processes import is_alive, private_folders, wait_for_the_end_of
from tests.support.program import Program


class Embedded(Scenario):
    """See above."""

    def __exit__(self, *_: object) -> None:
        pass  # the coordinator's processes end with it

    def begin(self) -> None:
        self.trainings = [Training(self.start, self.data, jobs.drawn(self.dice), {"workers": 2})]

    def workers(self) -> list[Program]:
        return [self.trainings[0].coordinator]

    def worker_is_killed(self) -> None:
        self._kill("worker/__main__.py")

    def redis_is_killed(self) -> None:
        self._kill("redis.sock")

    def watchdog_is_killed(self) -> None:
        said = self.trainings[0].coordinator.text().count("the watchdog has ended; starting another")
        self._kill("watchdog.py")
        self.trainings[0].coordinator.wait_for("the watchdog has ended; starting another", said + 1)

    def everything_is_killed(self) -> None:
        """Watchdog and coordinator at once, in any order: no process may be left; nobody can remove their folder."""
        coordinator = self.trainings[0].coordinator
        everyone = coordinator.descendants()
        (watchdog,) = (each for each in coordinator.descendants("watchdog.py") if is_alive(each))
        victims = [watchdog, coordinator.group]
        self.dice.shuffle(victims)
        for victim in victims:
            victim.kill()
        assert coordinator.end() == -signal.SIGKILL
        wait_for_the_end_of(everyone)
        for folder in private_folders():
            shutil.rmtree(folder)
        self.trainings[0].resume()

    def _kill(self, containing: str) -> None:
        coordinator = self.trainings[0].coordinator

        def processes() -> list[object]:
            # The main processes, which the coordinator has started itself.
            children = {each.pid for each in coordinator.group.children()}
            return [each for each in coordinator.descendants(containing) if each.pid in children and is_alive(each)]

        process = self.dice.choice(self.wait_until(processes, f"a process whose command contains {containing}"))
        process.kill()
        wait_for_the_end_of([process])

    kinds = MappingProxyType(
        {
            "embedded: a worker is killed": worker_is_killed,
            "embedded: a computing process is killed": worker_faults.loses_its_computing_process,
            "embedded: Redis is killed": redis_is_killed,
            "embedded: the watchdog is killed": watchdog_is_killed,
            "embedded: watchdog and coordinator are killed": everything_is_killed,
            "embedded: the coordinator is killed and resumes": coordinator_faults.is_killed,
            "embedded: the coordinator stops and resumes": coordinator_faults.is_told_to_stop,
            "embedded: the coordinator stands still": coordinator_faults.stands_still,
        }
    )
