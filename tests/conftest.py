"""What tests are given: a small part of the real MNIST, the program in this process, a Redis, dice."""

import logging
import os
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from coordinator.__main__ import main
from coordinator.reporting.log_handlers import results
from tests.support.mnist import write_small_mnist
from tests.support.mutate import SEED
from tests.support.once import made_once
from tests.support.servers import Server

# How long an example takes says more about the machine than about us.
UNTIMED: dict[str, Any] = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("gradmq", max_examples=30, **UNTIMED)
hypothesis.settings.register_profile("deep", max_examples=1000, **UNTIMED)  # for pytest's --hypothesis-profile
hypothesis.settings.load_profile("gradmq")

MOST_PROCESSES = 16  # of tests: each may have a cluster of its own


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """How many processes run tests where `-n auto` is given: more than processors, for tests wait for each other's."""
    return min(2 * (os.cpu_count() or 1), MOST_PROCESSES)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """What gives the tests to these processes."""
    from tests.support.scheduling import Scheduling  # which not everybody has who runs a single test

    return Scheduling(config, log)


@pytest.fixture(scope="session")
def small_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "mnist", write_small_mnist)


@pytest.fixture
def main_here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., int]:
    """Run `gradmq` in this process, without what it does to logging and signals; return its exit code."""
    monkeypatch.setattr("shared.signals.stop_on_signals", lambda: None)
    for logger in (logging.root, results):
        monkeypatch.setattr(logger, "handlers", [])
    for logger, attribute in ((results, "propagate"), (results, "level"), (logging.getLogger("coordinator"), "level")):
        monkeypatch.setattr(logger, attribute, getattr(logger, attribute))

    def run(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["gradmq", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        return end.value.code

    return run


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "redis"
    folder.mkdir()
    started = Server(folder)
    yield started
    started.kill()


@pytest.fixture
def dice(request: pytest.FixtureRequest) -> random.Random:
    """What damages are drawn from; the seed of the session is printed."""
    print(f"GRADMQ_SEED={SEED}")
    return random.Random(f"{SEED} {request.node.name}")
