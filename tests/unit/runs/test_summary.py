"""A run in a line, two runs beside each other, and removing some."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from coordinator.runs.comparison import compare
from coordinator.runs.recorder import Recorder
from coordinator.runs.removal import Removal
from coordinator.runs.run import RunFolder
from coordinator.runs.summary import RunSummary, chosen_epoch, summaries, summary
from shared.data.dataset import Dataset
from shared.errors import RunError
from shared.training.callbacks import Callbacks
from shared.training.in_process import InProcessGradients
from shared.training.loop import train
from tests.support.learning import CONFIG, SAMPLES, more_samples

JOB = replace(CONFIG, epochs=2)
DATA = Dataset(SAMPLES, more_samples(12), more_samples(12))


def new_run(runs: Path, job=JOB, trained: bool = True) -> RunFolder:
    run = RunFolder.create(runs, job, Path("somewhere"), DATA)
    if trained:
        with Recorder(run) as recorder:
            train(job, DATA, InProcessGradients(job, DATA), run.initial_state(), Callbacks([recorder]))
    return RunFolder.open(str(run.folder), Path())


@pytest.fixture
def runs(tmp_path):
    return tmp_path / "runs"


def test_a_finished_run_says_what_came_of_it(runs):
    run = new_run(runs)
    best = chosen_epoch(run)
    assert summary(run) == RunSummary(
        id=run.id,
        state="finished",
        data=str(Path("somewhere").absolute()),
        network="12,5,3",
        epochs=2,
        epochs_wanted=2,
        best=best.epoch,
        monitor="validation accuracy",
        best_value=best.validation_accuracy,
        test_accuracy=best.accuracy,
        test_r2=None,
        test_cost=best.cost,
        seconds=pytest.approx(sum(metrics.seconds for metrics in run.metrics), abs=1e-3),
        workers=0,
        weights_sha256=run.metrics[-1].weights_sha256,
    )
    assert max(metrics.validation_accuracy for metrics in run.metrics) == best.validation_accuracy


def test_a_run_is_running_while_somebody_drives_it_and_then_stopped(runs):
    run = new_run(runs, trained=False)
    driven = RunFolder.open(str(run.folder), Path())
    driven.lock()
    try:
        assert summary(run).state == "running"
        with pytest.raises(RunError, match=r"driven by a coordinator; stop that first\. Nothing was removed"):
            Removal([run.id], runs).__enter__()
    finally:
        driven.unlock()
    assert summary(run) == RunSummary(
        run.id, "stopped", str(Path("somewhere").absolute()), "12,5,3", epochs_wanted=2, seconds=0
    )
    run.lock()  # who looked keeps nobody out
    run.unlock()


def test_a_damaged_run_is_listed_and_can_be_removed(runs):
    run = new_run(runs, trained=False)
    (runs / "notes").mkdir()
    (run.folder / "config.json").write_text("{")
    assert [*summaries(runs)] == [RunSummary(run.id, "damaged")]
    with Removal([run.id], runs) as removal:
        removal.remove()
    assert [*summaries(runs)] == []
    assert [*summaries(runs / "none")] == []


def test_all_that_are_named_are_removed_or_none(runs):
    run, other = new_run(runs, trained=False), new_run(runs, trained=False)
    with pytest.raises(RunError, match=r"there is no run nobody; .*Nothing was removed"):
        Removal([run.id, "nobody"], runs)
    (other.folder / "config.json").rename(other.folder / "config")
    with pytest.raises(RunError, match="there is no run"):
        Removal([str(other.folder)], runs)
    with Removal([run.id, str(run.folder)], runs) as removal:
        assert removal.folders == [run.folder]
        assert removal.nbytes == (run.folder / "config.json").stat().st_size
        removal.remove()
    assert not run.folder.exists()
    assert other.folder.exists()


def test_two_runs_are_compared_by_what_decides_their_bits_and_what_came_of_it(runs):
    run, longer = new_run(runs), new_run(runs, replace(JOB, epochs=3))
    found = compare(run, longer)
    assert found.differences == {"epochs": (2, 3)}
    assert found.first_other_weights is None
    assert [[metrics and metrics.epoch for metrics in pair] for pair in found.epochs] == [[0, 0], [1, 1], [None, 2]]
    other = compare(run, new_run(runs, replace(JOB, seed=7)))
    assert (other.differences, other.first_other_weights) == ({"seed": (5, 7)}, 0)
    assert compare(run, run).differences == {}
    assert found.to_json()["differences"] == {"epochs": (2, 3)}


def test_the_better_of_two_epochs_is_named_where_their_figures_can_be_compared(runs):
    run, other = new_run(runs), new_run(runs, replace(JOB, seed=7))
    ours = replace(run.metrics[0], validation_accuracy=0.5, validation_cost=0.2, accuracy=0.75, cost=0.3)
    theirs = replace(ours, validation_accuracy=0.75, validation_cost=0.3, accuracy=0.75, cost=0.1)
    found = compare(run, other)
    best = {"validation_accuracy": 1, "validation_cost": 0, "accuracy": None, "cost": 1}
    assert found.best((ours, theirs)) == best
    assert found.best((ours, None)) == {}
    as_json = found.to_json()
    assert as_json["best_epochs"] == [chosen_epoch(run).epoch, chosen_epoch(other).epoch]
    assert [each.keys() for each in as_json["best"]["epochs"]] == [best.keys()] * 2
    assert as_json["best"]["best_epochs"] == found.best((chosen_epoch(run), chosen_epoch(other)))
    other.config = replace(JOB, loss="cross-entropy")
    assert [*compare(run, other).best((ours, theirs))] == ["validation_accuracy", "accuracy"]
    other.data["validation_sha256"] = "another"
    assert [*compare(run, other).best((ours, theirs))] == ["accuracy"]


def test_a_run_that_was_moved_is_found_where_it_is(runs, tmp_path):
    run = new_run(runs, trained=False)
    shutil.move(run.folder, tmp_path / "elsewhere")
    assert [each.id for each in summaries(tmp_path)] == ["elsewhere"]


def test_another_programs_folder_with_a_config_is_no_run(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    with pytest.raises(RunError, match="nothing else of a run"):
        Removal([str(tmp_path / "model")], tmp_path)
    assert (tmp_path / "model" / "config.json").exists()


@pytest.mark.parametrize(
    "damage",
    [
        {"seconds": "long"},
        {"seconds": float("nan")},
        {"seconds": -1.0},
        {"workers": [1]},
        {"workers": 10**400},
        {"accuracy": "high"},
        {"validation_accuracy": {}},
        {"validation_cost": float("inf")},
        {"weights_sha256": 7},
        {"weights_sha256": "\x1b[2J"},
        {"samples": 7.5},
        {"n_test": True},
        {"more": 1},
        {"ledger": {"requests": 1, "retried": 0, "workers": {"a": {"samples": "many"}}}},
    ],
)
def test_damaged_figures_of_one_run_leave_it_without_them_and_the_list_goes_on(runs, damage):
    """A line that is none of an epoch's counts as one that a crash has torn."""
    one, other = new_run(runs), new_run(runs)
    first, second = (json.loads(line) for line in one.metrics_file.read_text().splitlines())
    one.metrics_file.write_text(f"{json.dumps(first)}\n{json.dumps({**second, **damage})}\n")
    found = {run.id: run for run in summaries(runs)}
    assert (found[one.id].epochs, found[one.id].state) == (1, "stopped")
    assert (found[other.id].epochs, found[other.id].state) == (2, "finished")


def test_a_run_whose_files_are_pipes_or_have_no_end_is_damaged_and_nobody_waits(runs):
    one, other = new_run(runs), new_run(runs)
    one.metrics_file.unlink()
    os.mkfifo(one.metrics_file)
    other.metrics_file.unlink()
    other.metrics_file.symlink_to("/dev/zero")
    assert [run.state for run in summaries(runs)] == ["damaged", "damaged"]
    with pytest.raises(RunError, match=r"metrics\.jsonl cannot be read: it is no regular file"):
        RunFolder.open(str(one.folder), Path())
