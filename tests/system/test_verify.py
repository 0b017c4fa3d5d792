"""A run can be computed again and compared, to the last bit."""

import json
import shutil
from pathlib import Path

import pytest

from coordinator.runs.model_file import save_model
from shared.model import SavedModel
from tests.support.learning import drawn
from tests.support.program import job, metrics
from tests.support.runs import change_line


def test_an_audit_of_honest_workers_finds_nothing(gradmq, small_data, fingerprints):
    program = gradmq(*job(small_data, workers=2, audit=1.0))
    assert program.end() == 0, program.text()
    assert [line["weights_sha256"] for line in metrics(program)] == fingerprints(2)
    assert "gets no more work" not in program.text()
    assert {name for line in metrics(program) for name in line["ledger"]["workers"]}.isdisjoint({"coordinator"})


def test_verify_recomputes_a_run_and_its_checkpoint(gradmq, left):
    n_epochs = len((left / "metrics.jsonl").read_text().splitlines())
    program = gradmq("verify", left)
    assert program.end() == 0, program.text()
    assert program.text().count(": identical\n") == n_epochs + ("checkpoint after" in program.text())
    program = gradmq("verify", left.name, "--runs", left.parent, "--epochs", "1..2")
    assert program.end() == 0, program.text()
    assert [line.split(":")[0] for line in program.text().splitlines()[:-1]] == ["Epoch 1", "Epoch 2"]


@pytest.mark.parametrize("field", ["weights_sha256", "correct", "validation_correct", "cost", "training_cost"])
def test_verify_finds_the_first_difference(gradmq, left, field):
    path = left / "metrics.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for epoch in (2, 4):
        lines[epoch][field] = lines[0][field] if field == "weights_sha256" else lines[epoch][field] + 1
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    program = gradmq("verify", left)
    assert program.end() == 1, program.text()
    *_, before, last = program.text().splitlines()
    assert before.startswith("Epoch 1:")
    assert before.endswith(": identical")
    assert last.startswith("Epoch 2:")
    assert f"{field} is {lines[2][field]}, recomputed it is " in last


def foreign_model(run: Path) -> None:
    save_model(run / "model.npz", SavedModel(drawn((196, 12, 10), seed=99)))


def foreign_model_and_no_checkpoint(run: Path) -> None:
    foreign_model(run)
    for path in run.glob("checkpoint*.npz"):
        path.unlink()


def foreign_model_and_damaged_checkpoint(run: Path) -> None:
    foreign_model(run)
    for path in run.glob("checkpoint*.npz"):
        path.write_text("x")


def test_verify_calls_an_untouched_run_identical(gradmq, finished):
    program = gradmq("verify", finished)
    assert program.end() == 0, program.text()
    assert "to the last bit" in program.text()


@pytest.mark.parametrize(
    "tamper",
    [
        foreign_model,
        foreign_model_and_no_checkpoint,
        foreign_model_and_damaged_checkpoint,
        lambda run: change_line(run, '"epoch"', '"epoc"'),
        lambda run: change_line(run, '"mini_batches": 100', '"mini_batches": 7'),
        lambda run: change_line(run, '"n_test": 200', '"n_test": 400'),
        lambda run: change_line(run, '"accuracy": 0', '"accuracy": 9'),
        lambda run: change_line(run, '"answered": 102', '"answered": 5'),
        lambda run: change_line(run, '"evaluated": ', '"evaluated": 1'),
        lambda run: change_line(run, '"n_validation": ', '"n_validation": 1'),
        lambda run: change_line(run, '{"epoch"', "[" * 100_000 + '{"epoch"'),
        lambda run: (run / "metrics.jsonl").write_text(""),
        lambda run: (run / "metrics.jsonl").unlink(),
        lambda run: (run / "metrics.jsonl").write_text(
            "".join((run / "metrics.jsonl").read_text().splitlines(keepends=True)[:3])
        ),
    ],
)
def test_verify_never_calls_a_tampered_run_identical(gradmq, finished, tmp_path, tamper):
    run = Path(shutil.copytree(finished, tmp_path / "runs" / finished.name))
    tamper(run)
    program = gradmq("verify", run)
    assert program.end() in (1, 2), program.text()
    assert "to the last bit" not in program.text()
    assert "Traceback" not in program.text()
