"""Evaluations by real workers: the figures of one process, whatever happens to the workers meanwhile."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from shared.accounting import EpochCounts
from tests.support.mnist import PROJECT
from tests.support.program import Program, job, metrics, start_worker
from tests.support.runs import comparable
from tests.support.waiting import PATIENCE

# All of MNIST's validation and test samples, so that there are ten chunks of each; of the training samples a few.
QUICK = ["train", "--mini-batch-size", 50, "--train-samples", 2000]


def figures(program: Program) -> list[dict]:
    """What was recorded of a program's epochs, but for who computed them and how long that took."""
    return comparable(metrics(program))


@pytest.fixture(scope="module")
def in_one_process(tmp_path_factory) -> Callable[..., list[dict]]:
    """The figures of runs in one process, by options."""

    def compute(*options: object) -> list[dict]:
        program = Program((*QUICK, "--workers", 0, *options), tmp_path_factory.mktemp("reference"), {})
        assert program.end() == 0, program.text()
        return figures(program)

    return compute


@pytest.mark.parametrize(
    "options",
    [
        ("--epochs", 2),
        ("--epochs", 1, "--arithmetic", "native", "--shards", 2),
        ("--epochs", 1, "--local-steps", 10),
    ],
)
def test_any_number_of_workers_gives_the_figures_of_one_process(gradmq, in_one_process, options):
    expected = in_one_process(*options)
    assert all(0 < line["validation_cost"] < 3 and line["n_validation"] == 10_000 for line in expected)
    for workers in (1, 3):
        program = gradmq(*QUICK, *options, "--workers", workers)
        assert program.end() == 0, program.text()
        assert figures(program) == expected
        for line in metrics(program):
            by_whom = line["ledger"]["workers"]
            assert sum(each["evaluated"] for each in by_whom.values()) == 20_000
            assert "coordinator" not in by_whom


FAILING_WORKER = """
import os, signal, sys, time
from pathlib import Path
from shared.parallel.evaluation import Evaluation

block, sign, calls = Evaluation.block, Path(os.environ["SIGN"]), []

def fail_once(self, *what):
    calls.append(what)
    if len(calls) == int(os.environ["AT"]) and not sign.exists():
        sign.write_text("failed")
        if "KILLED" in os.environ:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(600)
    return block(self, *what)

Evaluation.block = fail_once
from celery.__main__ import main
sys.argv = ["celery", *sys.argv[1:]]
main()
"""


@contextmanager
def failing_worker(url: str, data: Path, sign: Path, at: int, **how: str) -> Iterator[None]:
    """A worker that answers evaluations until, at one of them, it leaves a sign and does nothing any more.

    how: with KILLED its computing process is killed, and Celery starts another, which is a good one.
    """
    command = [sys.executable, "-c", FAILING_WORKER, "-A", "worker", "worker", "-n", "failing@%h"]
    given = {"GRADMQ_REDIS_URL": url, "GRADMQ_DATA": str(data), "SIGN": str(sign), "AT": str(at), **how}
    with sign.with_suffix(".log").open("wb") as log:
        worker = subprocess.Popen(
            command, env=os.environ | given, stdout=log, stderr=log, cwd=PROJECT, start_new_session=True
        )
    try:
        yield
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait(PATIENCE)


def test_a_worker_killed_in_an_evaluation_changes_nothing(gradmq, small_data, server, tmp_path):
    sign = tmp_path / "sign"
    alone = gradmq(*job(small_data, 20, workers=0))
    assert alone.end() == 0, alone.text()
    with failing_worker(server.url, small_data, sign, 6, KILLED="yes"):
        program = gradmq(*job(small_data, 20, redis=server.url))
        program.wait_until(sign.exists, "the worker's end")
        start_worker(gradmq, server, "another", GRADMQ_DATA=str(small_data))
        assert program.end() == 0, program.text()
    assert sign.exists()
    assert "'s evaluation on" in program.text()  # which was requested again
    assert figures(program) == figures(alone)


# The third epoch's, with validation and with test samples.
@pytest.mark.parametrize(("at", "number"), [(5, signal.SIGINT), (6, signal.SIGKILL)])
def test_a_coordinator_that_ends_in_an_evaluation_goes_on_to_the_same_figures(
    gradmq, small_data, server, tmp_path, at, number
):
    options = {"optimizer": "nesterov", "learning_rate": 0.3, "ema": 0.9}
    alone = gradmq(*job(small_data, 4, workers=0, **options))
    assert alone.end() == 0, alone.text()
    sign = tmp_path / "sign"
    with failing_worker(server.url, small_data, sign, at):
        program = gradmq(*job(small_data, 4, redis=server.url, **options))
        program.wait_until(sign.exists, "an evaluation that nobody answers")
        assert len(metrics(program)) == 2
        program.process.send_signal(number)
        assert program.end() == (130 if number == signal.SIGINT else -number)
    resumed = gradmq("resume", program.run_folder, "--workers", 2)
    assert resumed.end() == 0, resumed.text()
    if number == signal.SIGINT:  # which leaves time for a last checkpoint
        assert "going on at epoch 2, mini-batch 100" in resumed.text()
    assert figures(program) == figures(alone)
    for line in metrics(program):
        EpochCounts.from_json(line["ledger"]).check(line["epoch"], 1000, 400)
    assert gradmq("verify", program.run_folder).end() == 0


def test_validation_and_test_samples_come_to_a_worker_without_files_through_redis(gradmq, small_data, server, tmp_path):
    alone = gradmq(*job(small_data, workers=0))
    assert alone.end() == 0, alone.text()
    start_worker(gradmq, server, "only", GRADMQ_DATA=str(tmp_path / "nowhere"))
    program = gradmq(*job(small_data, redis=server.url))
    assert program.end() == 0, program.text()
    for part in ("training", "validation", "test"):
        assert program.text().count(f"the {part} samples are in Redis now") == 1
    assert figures(program) == figures(alone)
