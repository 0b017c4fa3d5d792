"""Evaluations by real workers: the figures of one process, whatever happens to the workers meanwhile."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.mnist import PROJECT
from tests.support.program import Program, job, metrics, start_worker
from tests.support.runs import comparable
from tests.support.waiting import PATIENCE

# All of MNIST, so that there are ten chunks each of validation and test samples.
QUICK = ["train", "--mini-batch-size", 500]


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


DYING_WORKER = """
import os, signal, sys
from pathlib import Path
from shared.parallel.evaluation import Evaluation

block, sign, calls = Evaluation.block, Path(os.environ["SIGN"]), []

def die_once(self, *what):
    calls.append(what)
    if len(calls) == 6 and not sign.exists():
        sign.write_text("killed")
        os.kill(os.getpid(), signal.SIGKILL)
    return block(self, *what)

Evaluation.block = die_once
from celery.__main__ import main
sys.argv = ["celery", *sys.argv[1:]]
main()
"""


@contextmanager
def dying_worker(url: str, data: Path, sign: Path) -> Iterator[None]:
    """A worker whose computing process is killed in an evaluation, which leaves a sign; Celery starts another."""
    command = [sys.executable, "-c", DYING_WORKER, "-A", "worker", "worker", "-n", "dying@%h"]
    environment = {**os.environ, "GRADMQ_REDIS_URL": url, "GRADMQ_DATA": str(data), "SIGN": str(sign)}
    with sign.with_suffix(".log").open("wb") as log:
        worker = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=PROJECT)
    try:
        yield
    finally:
        worker.terminate()
        worker.wait(PATIENCE)


def test_a_worker_killed_in_an_evaluation_changes_nothing(gradmq, small_data, server, tmp_path):
    sign = tmp_path / "sign"
    alone = gradmq(*job(small_data, 20, workers=0))
    assert alone.end() == 0, alone.text()
    with dying_worker(server.url, small_data, sign):
        program = gradmq(*job(small_data, 20, redis=server.url))
        program.wait_until(sign.exists, "the worker's end")
        start_worker(gradmq, server, "another", GRADMQ_DATA=str(small_data))
        assert program.end() == 0, program.text()
    assert sign.read_text() == "killed"
    assert "'s evaluation on" in program.text()  # which was requested again
    assert figures(program) == figures(alone)


def test_validation_and_test_samples_come_to_a_worker_without_files_through_redis(gradmq, small_data, server, tmp_path):
    alone = gradmq(*job(small_data, workers=0))
    assert alone.end() == 0, alone.text()
    start_worker(gradmq, server, "only", GRADMQ_DATA=str(tmp_path / "nowhere"))
    program = gradmq(*job(small_data, redis=server.url))
    assert program.end() == 0, program.text()
    for part in ("training", "validation", "test"):
        assert program.text().count(f"the {part} samples are in Redis now") == 1
    assert figures(program) == figures(alone)
