"""Sweeps on real workers: the bits of `train`, whatever happens to workers, coordinator and Redis meanwhile."""

import json
import os
import signal
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.support.mnist import PROJECT
from tests.support.program import Program, start_worker
from tests.support.waiting import wait_until
from tests.system.test_access import User, refused

IRIS = PROJECT / "examples" / "iris.csv"
FIXED = f'data = "{IRIS}"\ntarget = "species"\nhidden = [8]\narithmetic = "exact"\n'
SEARCH = '[search]\nlearning-rate = {low = 0.001, high = 0.1, log = true}\nactivation = ["relu", "tanh"]\n'


def written(folder: Path, epochs: int, sweep: str, search: str = SEARCH) -> Path:
    file = folder / "sweep.toml"
    file.write_text(f"epochs = {epochs}\n{FIXED}{search}[sweep]\n{sweep}\n")
    return file


def folder_of(program: Program) -> Path:
    (found,) = program.output.parent.glob("runs/sweep-*")
    return found


def trials(folder: Path) -> list[dict]:
    """What is recorded, in the order of the trials, without the time that it took."""
    path = folder / "trials.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return sorted(({**line, "seconds": 0} for line in lines), key=lambda line: line["trial"])


def fingerprint(run: Path) -> str:
    return json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])["weights_sha256"]


def holders(server) -> list[str]:
    """The keys of runs that are held."""
    with server.client() as client:
        return [key.decode() for key in client.keys("gradmq:sweeps:*:held:*")]


@pytest.fixture
def in_process(main_here, tmp_path, monkeypatch):
    """What a sweep finds in one process."""

    def compute(file: Path) -> list[dict]:
        monkeypatch.chdir(tmp_path)
        assert main_here("sweep", str(file), "--workers", "0", "--runs", str(tmp_path / "here")) == 0
        (folder,) = (tmp_path / "here").glob("sweep-*")
        return trials(folder)

    return compute


def test_no_trial_is_lost_or_repeated_though_workers_coordinator_and_redis_are_killed(
    gradmq, server, in_process, tmp_path, main_here
):
    file = written(tmp_path, 30, "trials = 6")
    first = start_worker(gradmq, server, "first")
    program = gradmq("sweep", file, "--redis", server.url)
    # Told to stop, a worker gives its run back at once.
    program.wait_until(lambda: holders(server), "a run that is held")
    first.process.send_signal(signal.SIGTERM)
    assert first.end() == 0, first.text()
    assert "was lost" not in program.text()
    # Killed, it is missed.
    second = start_worker(gradmq, server, "second")
    program.wait_until(lambda: holders(server), "a run that is held again")
    second.process.send_signal(signal.SIGKILL)
    for process in second.descendants():
        process.kill()
    program.wait_for("was lost; another is to begin it again")
    third = start_worker(gradmq, server, "third")
    program.wait_for("trial 0:")
    # The coordinator is killed, and Redis forgets everything.
    program.process.send_signal(signal.SIGKILL)
    program.process.wait()
    before = trials(folder_of(program))
    assert 0 < len(before) < 6
    server.kill()
    server.start()
    resumed = gradmq("sweep", "--resume", folder_of(program), "--redis", server.url)
    assert resumed.end() == 0, resumed.text()
    assert third.process.poll() is None
    found = trials(folder_of(program))
    assert found == in_process(file)
    assert [line for line in found if line in before] == before
    lines = (folder_of(program) / "trials.jsonl").read_text().splitlines()
    assert len(lines) == 6  # each trial once
    # Each is the run that `train` makes of the same options; all that there is for runs is for these.
    run, best = folder_of(program) / "trial-0003", folder_of(program) / "best.toml"
    (options,) = [line["values"] for line in found if line["trial"] == 3]
    arguments = [str(part) for name, value in options.items() for part in (f"--{name}", value)]
    trained = tmp_path / "trained"
    common = ["--data", str(IRIS), "--target", "species", "--hidden", "8", "--epochs", "30", "--arithmetic", "exact"]
    assert main_here("train", *common, *arguments, "--workers", "0", "--runs", str(trained)) == 0
    (again,) = trained.glob("*")
    assert fingerprint(again) == fingerprint(run)
    assert main_here("train", "--config", str(best), "--workers", "0", "--runs", str(tmp_path / "best")) == 0
    (again,) = (tmp_path / "best").glob("*")
    summary = json.loads((folder_of(program) / "sweep.json").read_text())
    assert [fingerprint(again)] == summary["best"]["weights_sha256"]
    assert main_here("verify", str(run)) == 0
    assert main_here("predict", str(run), str(IRIS), "-o", str(tmp_path / "out.csv")) == 0
    # Nothing of it is left in Redis that does not expire.
    with server.client() as client:
        wait_until(lambda: not client.keys("gradmq:sweeps:*:wanted:*"), "the end of what workers are to hear last")
        assert all(client.ttl(key) > 0 for key in client.keys("gradmq:sweeps:*"))


def test_a_trial_that_kills_two_workers_is_lost_and_the_sweep_goes_on_with_folds_and_their_bits(
    gradmq, server, in_process, tmp_path
):
    file = written(tmp_path, 200, 'folds = 2\nmethod = "grid"', "[search]\nlearning-rate = [0.01, 0.03]\n")
    user = User(server, "gradmq")
    worker = start_worker(gradmq, user, "only", GRADMQ_DATA="nowhere")
    program = gradmq("sweep", file, "--redis", user.url, "-v")
    name = "trial-0000-fold-1"
    for times in (1, 2):
        program.wait_for(f"{name}: begun by only@", times)
        for process in worker.computing("only"):
            with suppress(psutil.Error):
                process.kill()
        if times == 1:
            program.wait_for("was lost; another is to begin it again")
    assert program.end() == 0, program.text()
    found = trials(folder_of(program))
    assert found[0]["state"] == "lost"
    assert found[0]["reason"].startswith("has come to nothing with 2 workers, the last time because only@")
    expected = in_process(file)
    assert found[1] == expected[1]
    assert len(found[1]["runs"]) == 2
    # The trial is not to blame: it is tried again.
    resumed = gradmq("sweep", "--resume", folder_of(program), "--workers", "0")
    assert resumed.end() == 0, resumed.text()
    assert trials(folder_of(program)) == expected


def test_a_coordinator_that_was_stopped_for_long_blames_nobody(gradmq, server, tmp_path):
    program = gradmq("sweep", written(tmp_path, 30, "trials = 1"), "--redis", server.url)
    start_worker(gradmq, User(server, "worker"), "only", GRADMQ_DATA="nowhere")
    program.wait_until(lambda: holders(server), "a run that is held")
    program.process.send_signal(signal.SIGSTOP)
    wait_until(lambda: not holders(server), "the worker to give the run up")
    program.process.send_signal(signal.SIGCONT)
    assert program.end() == 0, program.text()
    assert "lost" not in program.text()
    assert [trial["state"] for trial in trials(folder_of(program))] == ["finished"]
    assert refused(server) == set()


def test_a_sweep_starts_workers_of_its_own_and_leaves_none_when_it_is_stopped(gradmq, tmp_path):
    file = written(tmp_path, 5, "trials = 40")
    program = gradmq("sweep", file, "--workers", "2")
    program.wait_for("trial 2:")
    workers = program.descendants()
    os.kill(program.process.pid, signal.SIGINT)
    assert program.end() == 130, program.text()
    assert "go on with: gradmq sweep --resume" in program.text()
    wait_until(lambda: not [process for process in workers if process.is_running()], "the end of its workers")
    n_done = len(trials(folder_of(program)))
    resumed = gradmq("sweep", folder_of(program), "--workers", "0", "--trials", n_done + 2)
    assert resumed.end() == 0, resumed.text()
    assert len(trials(folder_of(program))) == n_done + 2
