"""What happens to workers."""

import signal
import time
from typing import TYPE_CHECKING

import psutil

from tests.chaos.scenario import Scenario
from tests.support.processes import is_alive, wait_for_the_end_of

if TYPE_CHECKING:
    from tests.chaos.own_redis import OwnRedis


def joins(scenario: "OwnRedis") -> None:
    scenario.add_worker()


def leaves(scenario: "OwnRedis") -> None:
    worker = scenario.take_worker()
    worker.wait_for(" ready.")  # before that it ends by the signal, not on its own terms
    worker.process.terminate()
    assert worker.end() == 0, worker.text()


def is_killed(scenario: "OwnRedis") -> None:
    """Its main process alone: the one that computes is to end with it."""
    worker = scenario.take_worker()
    everyone = worker.descendants()
    worker.process.kill()
    assert worker.end() == -signal.SIGKILL
    wait_for_the_end_of(everyone)


def loses_its_computing_process(scenario: Scenario) -> None:
    def processes() -> list[psutil.Process]:
        found = [each for program in scenario.workers() for each in program.computing("worker/__main__.py")]
        return [process for process in found if is_alive(process)]

    process = scenario.dice.choice(scenario.wait_until(processes, "a process that computes"))
    process.kill()
    wait_for_the_end_of([process])


def stands_still(scenario: "OwnRedis") -> None:
    worker = scenario.dice.choice(scenario.workers())
    assert worker.process.poll() is None, f"a worker died of the faults of others:\n{worker.text()}"
    processes = [worker.group, *worker.descendants()]
    for process in processes:
        process.suspend()
    scenario.wait_until(lambda: worker.group.status() == psutil.STATUS_STOPPED, "the worker stands still")
    time.sleep(scenario.dice.choice([0.2, 1.5, 5.0]))
    for process in processes:
        if is_alive(process):
            process.resume()


def loses_its_computing_process_and_redis(scenario: "OwnRedis") -> None:
    """Both at a time: what was in that process is given up while nothing can be said of it."""
    scenario.server.kill()
    loses_its_computing_process(scenario)
    time.sleep(scenario.dice.uniform(0, 1.5))
    scenario.server.start()
