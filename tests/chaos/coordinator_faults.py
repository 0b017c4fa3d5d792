"""What happens to coordinators."""

import signal
import time

import psutil

from tests.chaos.disks import fill, put_on_a_small_disk
from tests.chaos.scenario import Scenario


def is_killed(scenario: Scenario) -> None:
    training = scenario.training()
    training.coordinator.process.kill()
    assert training.coordinator.end() == -signal.SIGKILL
    training.resume()


def is_told_to_stop(scenario: Scenario) -> None:
    training = scenario.training()
    code = training.tell_to_stop(scenario.dice.choice([signal.SIGINT, signal.SIGTERM]))
    assert code in (130, 143), training.coordinator.text()
    assert "Traceback" not in training.coordinator.text()
    training.resume()


def stands_still(scenario: Scenario) -> None:
    process = scenario.training().coordinator.group
    process.suspend()
    scenario.wait_until(lambda: process.status() == psutil.STATUS_STOPPED, "the coordinator stands still")
    time.sleep(scenario.dice.choice([0.3, 1.0, 7.0]))  # the last: until its keys have expired
    process.resume()


def has_a_full_disk(scenario: Scenario) -> None:
    """Who cannot write says so and ends; once there is room, the run goes on."""
    training = scenario.trainings[0]
    runs = training.folder / "runs"
    if not runs.is_mount():
        training.coordinator.process.kill()
        training.coordinator.end()
        put_on_a_small_disk(runs)
        training.resume()
    filler = runs / "filler"
    fill(filler)
    assert training.coordinator.end() not in (0, 130), training.coordinator.text()
    filler.unlink()
    assert "cannot be written" in training.coordinator.text(), training.coordinator.text()
    assert "Traceback" not in training.coordinator.text()
    training.resume()
