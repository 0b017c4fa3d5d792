"""Files of a run that were damaged: used as far as they are sound, or named."""

import shutil
from pathlib import Path

import pytest

from tests.support.program import metrics
from tests.support.runs import assert_complete, change_line


@pytest.fixture
def epochs(left: Path) -> int:
    """How many the run shall have had in the end: a few more than it has."""
    return len(metrics(left.parent.parent)) + 2


def torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


def corrupt(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [torn, corrupt, Path.unlink, lambda path: path.write_bytes(b"")])
@pytest.mark.parametrize("files", [["checkpoint.npz"], ["checkpoint.npz", "checkpoint.before.npz"]])
def test_a_damaged_checkpoint_is_noticed_and_the_one_before_is_used(gradmq, fingerprints, left, epochs, damage, files):
    for name in files:
        damage(left / name)
    program = gradmq("resume", left, "--workers", 0, "--epochs", epochs)
    assert program.end() == 0, program.text()
    assert ("is damaged" in program.text()) == (damage is not Path.unlink)
    assert ("going on at" in program.text()) == (len(files) == 1)
    assert_complete(left, fingerprints(epochs))


@pytest.mark.parametrize("change", [lambda text: text + '{"epoch"', lambda text: text * 2, lambda text: text + "\0\0"])
def test_metrics_have_no_line_twice_and_none_missing_after_a_crash(gradmq, fingerprints, left, epochs, change):
    path = left / "metrics.jsonl"
    path.write_text(change(path.read_text()))
    program = gradmq("resume", left, "--workers", 0, "--epochs", epochs)
    assert program.end() == 0, program.text()
    assert_complete(left, fingerprints(epochs))


@pytest.mark.parametrize("change", [lambda text: text[:-20], lambda text: "", lambda text: text.replace("t", "x", 1)])
def test_a_run_whose_metrics_were_damaged_later_is_not_begun_again_behind_ones_back(gradmq, left, change):
    path = left / "metrics.jsonl"
    path.write_text(change(path.read_text()))
    before = {path: path.read_bytes() for path in left.iterdir()}
    program = gradmq("resume", left, "--workers", 0)
    assert program.end() == 2, program.text()
    assert "metrics.jsonl is damaged in line" in program.text()
    assert before == {path: path.read_bytes() for path in left.iterdir()}


@pytest.mark.parametrize(
    ("command", "model"),
    [
        ("verify", "model.npz"),
        ("verify", "best.npz"),
        ("show", "model.npz"),
        ("evaluate", "best.npz"),  # and no other takes its place
    ],
)
def test_a_finished_run_without_its_model_is_named_at_once(gradmq, finished, tmp_path, command, model):
    run = Path(shutil.copytree(finished, tmp_path / "runs" / finished.name))
    (run / model).unlink()
    program = gradmq(command, run)
    assert program.end() == 2, program.text()
    *before, last = program.text().splitlines()
    assert bool(before) is (command == "show"), "which prints first what there is"
    assert f"has no {model}: 5 of 5 epochs are recorded; restore it" in last
    alone = gradmq("verify", "--epochs", "0..4", run)
    assert alone.end() == 0, alone.text()


def test_a_run_is_evaluated_by_its_best_model_alone(gradmq, finished, small_data, tmp_path):
    run = Path(shutil.copytree(finished, tmp_path / "runs" / finished.name))
    (run / "model.npz").unlink()
    program = gradmq("evaluate", run, "--data", small_data)
    assert program.end() == 0, program.text()
    assert "/200 (best.npz)" in program.text()


def test_show_names_a_damaged_line(gradmq, finished, tmp_path):
    run = Path(shutil.copytree(finished, tmp_path / "runs" / finished.name))
    change_line(run, '"epoch"', '"epoc"')
    program = gradmq("show", run)
    assert program.end() == 0
    assert program.text().splitlines()[-1].startswith("line 3 of metrics.jsonl is no epoch's")


def test_files_that_would_exhaust_the_reader_are_refused(gradmq, left):
    (left / "config.json").write_text("[" * 100_000)
    program = gradmq("resume", left)
    assert program.end() == 2
    assert program.text().count("\n") == 1
    assert "config.json is damaged" in program.text()
