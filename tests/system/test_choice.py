"""What is chosen is the same on any number of workers, through a kill and a resume, and `verify` knows it."""

import json
import shutil
import signal
from pathlib import Path

import pytest

from coordinator.runs.model_file import load_model, save_model
from shared.model import SavedModel
from tests.support.learning import drawn
from tests.support.processes import wait_for_the_end_of
from tests.support.program import Program, job, metrics
from tests.support.runs import comparable

HALVING = {"schedule": "halving", "patience": 2, "schedule_limit": 0.25, "optimizer": "nesterov", "learning_rate": 0.3}
EARLY = {"early_stopping": 3, "monitor": "validation-cost", "learning_rate": 6.0}
WANTED = 400  # epochs; the run ends long before


def best_sha256(folder: Path) -> str:
    return load_model(folder / "best.npz").parameters.sha256


@pytest.fixture(scope="session")
def undisturbed(small_data, tmp_path_factory):
    """The lines and the folder of a run that ends early, in one process."""
    program = Program(tuple(job(small_data, WANTED, workers=0, **EARLY)), tmp_path_factory.mktemp("early"), {})
    assert program.end() == 0, program.text()
    return metrics(program), program.run_folder, program.text()


def test_a_run_ends_after_so_many_epochs_without_improvement(undisturbed):
    lines, folder, text = undisturbed
    costs = [line["validation_cost"] for line in lines]
    best = costs.index(min(costs))
    assert len(lines) == best + 1 + EARLY["early_stopping"] < WANTED
    assert f"stopped after epoch {len(lines) - 1}: no improvement in 3 epochs" in text
    assert f"best epoch {best} by validation cost (" in text
    assert best_sha256(folder) == lines[best]["weights_sha256"]
    assert load_model(folder / "model.npz").parameters.sha256 == lines[-1]["weights_sha256"]


@pytest.mark.parametrize("workers", [1, 3])
def test_any_number_of_workers_ends_at_the_same_epoch_with_the_same_bits(gradmq, small_data, undisturbed, workers):
    lines, folder, _ = undisturbed
    program = gradmq(*job(small_data, WANTED, workers=workers, **EARLY))
    assert program.end() == 0, program.text()
    assert comparable(metrics(program)) == comparable(lines)
    assert best_sha256(program.run_folder) == best_sha256(folder)


def test_a_run_that_halves_its_learning_rate_is_the_same_on_any_number_of_workers(gradmq, small_data):
    alone = gradmq(*job(small_data, WANTED, workers=0, **HALVING))
    assert alone.end() == 0, alone.text()
    assert "the learning rate has been reduced to its limit" in alone.text()
    rates = [line["learning_rate"] for line in metrics(alone)]
    assert sorted({*rates}) == [0.15, 0.3]  # and at a quarter it ends
    program = gradmq(*job(small_data, WANTED, workers=2, **HALVING))
    assert program.end() == 0, program.text()
    assert comparable(metrics(program)) == comparable(metrics(alone))
    assert best_sha256(program.run_folder) == best_sha256(alone.run_folder)
    verified = gradmq("verify", program.run_folder)
    assert verified.end() == 0, verified.text()


def test_a_run_that_was_killed_ends_at_the_same_epoch_with_the_same_best(gradmq, small_data, undisturbed):
    lines, folder, _ = undisturbed
    program = gradmq(*job(small_data, WANTED, workers=1, **EARLY))
    program.wait_for("Epoch 2:")
    everyone = program.descendants()
    program.process.kill()
    assert program.end() == -signal.SIGKILL
    wait_for_the_end_of(everyone)
    killed = program.run_folder
    assert len(metrics(program)) < len(lines)
    resumed = gradmq("resume", killed, "--workers", 2)
    assert resumed.end() == 0, resumed.text()
    assert comparable(metrics(program)) == comparable(lines)
    assert best_sha256(killed) == best_sha256(folder)
    assert "no improvement in 3 epochs" in resumed.text()


def test_a_run_that_ended_early_is_finished(gradmq, undisturbed, tmp_path):
    lines, folder, text = undisturbed
    run = Path(shutil.copytree(folder, tmp_path / "runs" / folder.name))
    before = {path: path.read_bytes() for path in run.iterdir()}
    again = gradmq("resume", run)
    assert again.end() == 0, again.text()
    assert again.text().splitlines()[-3:-1] == text.splitlines()[-3:-1]  # why it ended, and the best epoch
    assert before == {path: path.read_bytes() for path in run.iterdir()}
    verified = gradmq("verify", run)
    assert verified.end() == 0, verified.text()
    assert "best.npz: identical" in verified.text()
    assert f"all {len(lines) + 2} comparisons are identical" in verified.text()


def another_best(run: Path) -> None:
    save_model(run / "best.npz", SavedModel(drawn((196, 12, 10), seed=99), arithmetic="exact"))


def no_best(run: Path) -> None:
    (run / "best.npz").unlink()


def last_for_best(run: Path) -> None:
    shutil.copy(run / "model.npz", run / "best.npz")


def one_epoch_more(run: Path) -> None:
    path = run / "metrics.jsonl"
    lines = path.read_text().splitlines()
    line = json.loads(lines[-1])
    path.write_text("\n".join([*lines, json.dumps({**line, "epoch": line["epoch"] + 1})]) + "\n")


def another_cost(run: Path) -> None:
    path = run / "metrics.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[1]["validation_cost"] -= 1e-9
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.mark.parametrize("tamper", [another_best, no_best, last_for_best, one_epoch_more, another_cost])
def test_verify_finds_what_was_not_chosen_so(gradmq, undisturbed, tmp_path, tamper):
    _, folder, _ = undisturbed
    run = Path(shutil.copytree(folder, tmp_path / "runs" / folder.name))
    tamper(run)
    program = gradmq("verify", run)
    assert program.end() in (1, 2), program.text()
    assert "to the last bit" not in program.text()
    assert "Traceback" not in program.text()
