"""What a run leaves in its folder, and what is shown of it."""

import json

import pytest

from coordinator.runs.model_file import load_model
from tests.support.program import EPOCHS, job, metrics, model


def test_a_runs_folder_holds_what_was_promised(gradmq, small_data):
    program = gradmq(*job(small_data, workers=0))
    assert program.end() == 0, program.text()
    folder = model(program).parent
    config = json.loads((folder / "config.json").read_text())
    assert config["sizes"] == [196, 12, 10]
    assert (config["arithmetic"], config["strategy"]) == ("exact", {"kind": "sync-sgd"})
    assert load_model(folder / "model.npz").parameters.sha256 == metrics(program)[-1]["weights_sha256"]
    evaluated = gradmq("evaluate", folder / "model.npz", "--data", small_data)
    assert evaluated.end() == 0
    assert evaluated.text() == f"accuracy is {metrics(program)[-1]['correct']}/200\n"
    shown = gradmq("show", folder)
    assert shown.end() == 0
    assert "Number of neurons in a layer 1 : 12" in shown.text()
    assert metrics(program)[-1]["weights_sha256"] in shown.text()


def test_the_ledger_and_the_table_are_shown(gradmq, small_data):
    program = gradmq(*job(small_data, workers=2))
    assert program.end() == 0, program.text()
    shown = gradmq("show", program.run_folder)
    assert shown.end() == 0
    for text in (program.text(), shown.text()):
        heads = next(line for line in text.splitlines() if line.startswith("worker "))
        assert heads.split() == [*"worker requests retried answered duplicate late rejected samples evaluated".split()]  # noqa: SIM905
        (total,) = [line.split() for line in text.splitlines() if line.startswith("all ")]
        requests, _, answered, *_, samples, evaluated = map(int, total[1:])
        assert requests == answered
        n_epochs, n_evaluated = 2, sum(metrics(program)[0][name] for name in ("n_validation", "n_test"))
        assert (samples, evaluated) == (n_epochs * 1000, n_epochs * n_evaluated)


def test_a_finished_run_is_not_computed_again(gradmq, small_data):
    program = gradmq(*job(small_data, workers=0))
    assert program.end() == 0
    before = {path: path.stat().st_mtime_ns for path in program.run_folder.iterdir()}
    again = gradmq("resume", program.run_folder)
    assert again.end() == 0
    assert again.text().splitlines()[-2] == program.text().splitlines()[-2]  # best epoch and fingerprint
    assert before == {path: path.stat().st_mtime_ns for path in program.run_folder.iterdir()}


@pytest.mark.parametrize("command", ["show", "verify", "resume"])
def test_a_finished_run_in_a_read_only_folder_can_be_looked_at(gradmq, finished, read_only, command):
    program = gradmq(command, read_only(finished))
    assert program.end() == 0, program.text()
    assert {"show": "weights_sha256: ", "verify": "to the last bit", "resume": "best epoch"}[command] in program.text()


def test_an_unfinished_run_in_a_read_only_folder_is_not_resumed(gradmq, left, read_only):
    program = gradmq("resume", read_only(left))
    assert program.end() == 73, program.text()
    assert program.text().count("\n") == 1
    assert "config.json cannot be written: Read-only file system" in program.text()


def test_show_tells_how_far_a_run_without_a_model_is(gradmq, left):
    (left / "model.npz").unlink()
    (left / "metrics.jsonl").unlink()
    program = gradmq("show", left)
    assert program.end() == 2
    *rest, complaint = program.text().splitlines()
    assert rest[0].startswith(f"run {left.name}: 196,12,10"), "what there is of it"
    assert complaint.startswith("gradmq: ")
    assert f"0 of {EPOCHS} epochs are recorded; there is a checkpoint; go on with: gradmq resume" in complaint
