"""The CSV of epochs: whole after a resume, beside other runs', and nobody else's file."""

import csv
import fcntl
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from coordinator.reporting import csv_file
from coordinator.reporting.csv_file import COLUMNS, CsvFile, check
from shared.errors import RunError
from shared.training.callbacks import Callback
from tests.support.watched import WatchedRun


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "epochs.csv"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return [*csv.DictReader(file)]


def test_it_has_a_row_an_epoch_with_the_figures_of_metrics_jsonl(path):
    run = WatchedRun()
    run.go_on_before(CsvFile(path, "mine", run.recorded))
    found = rows(path)
    assert [row["epoch"] for row in found] == ["0", "1", "2", "3", "4"]
    for row, metrics in zip(found, run.recorded, strict=True):
        assert tuple(row) == COLUMNS
        assert row["run"] == "mine"
        assert float(row["validation_cost"]) == metrics.validation_cost
        assert int(row["workers"]) == metrics.workers == 0
        assert int(row["requests"]) == metrics.ledger["requests"]


@pytest.mark.parametrize("from_the_beginning", [True, False])
def test_after_a_resume_no_epoch_is_there_twice_and_none_is_missing(path, from_the_beginning):
    run = WatchedRun()
    run.go_on_before(CsvFile(path, "mine", run.recorded) if from_the_beginning else Callback(), stop_at=(1, 2))
    back = run.state.copy()
    run.go_on_before(CsvFile(path, "mine", run.recorded) if from_the_beginning else Callback(), stop_at=(3, 2))
    run.state = back  # the checkpoint of a coordinator that crashed later
    run.go_on_before(CsvFile(path, "mine", run.recorded))
    assert [row["epoch"] for row in rows(path)] == ["0", "1", "2", "3", "4"]


def test_the_rows_of_other_runs_stay(path):
    for name in ("one", "two", "one"):
        run = WatchedRun()
        run.go_on_before(CsvFile(path, name, run.recorded))
    assert [(row["run"], row["epoch"]) for row in rows(path)] == [
        (name, str(epoch)) for name in ("two", "one") for epoch in range(5)
    ]


def test_a_part_of_a_row_that_a_crash_left_is_dropped(path):
    run = WatchedRun()
    run.go_on_before(CsvFile(path, "one", run.recorded))
    path.write_bytes(path.read_bytes()[:-30])
    run = WatchedRun()
    run.go_on_before(CsvFile(path, "two", run.recorded))
    assert [row["run"] for row in rows(path)] == ["one"] * 4 + ["two"] * 5


@pytest.mark.parametrize("content", ["sepal,species\n5.1,setosa\n", "no table at all", "\0\1\2"])
def test_another_file_is_refused_and_stays_as_it_is(path, content):
    path.write_text(content)
    with pytest.raises(RunError, match=r"epochs\.csv has other columns than those of a run's epochs; give a file that"):
        check(path)
    assert path.read_text() == content


def test_a_folder_that_is_not_there_is_refused_before_the_run(tmp_path):
    with pytest.raises(RunError, match=r"cannot be written: No such file or directory; check disk and permissions"):
        check(tmp_path / "nowhere" / "epochs.csv")
    check(tmp_path / "epochs.csv")
    assert not (tmp_path / "epochs.csv").exists()


def test_what_is_no_file_is_refused(tmp_path):
    for path in (tmp_path, Path("/dev/null")):
        with pytest.raises(RunError, match=r"is no file; give one that is not there yet"):
            check(path)


class Removed(CsvFile):
    """Finds a folder in the file's place after the first epoch."""

    def after_epoch(self, state, metrics):
        if metrics.epoch == 1:
            self._path.unlink()
            self._path.mkdir()
        super().after_epoch(state, metrics)


def test_a_file_that_can_no_longer_be_written_costs_the_file_and_not_the_run(path, caplog):
    run = WatchedRun()
    run.go_on_before(Removed(path, "mine", run.recorded))
    assert len(run.recorded) == 5
    (record,) = caplog.records
    assert record.getMessage() == (
        f"{path} cannot be written: Is a directory; check disk and permissions; the run goes on without it"
    )


def test_runs_that_go_on_at_the_same_time_lose_no_row_of_each_other(path):
    run = WatchedRun()
    run.go_on_before(Callback())
    names = [f"run{number}" for number in range(8)]

    def goes_on(name: str) -> None:
        file = CsvFile(path, name, run.recorded)
        for begun in (0, 3):  # which replaces the file, while others append to it
            run_at = replace(run.state, epoch=begun)
            file.on_begin(run_at)
            for metrics in run.recorded[begun:]:
                file.after_epoch(run_at, metrics)

    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(goes_on, names))
    assert sorted((row["run"], row["epoch"]) for row in rows(path)) == [
        (name, str(epoch)) for name in names for epoch in range(5)
    ]
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_link_stays_one_and_a_private_file_stays_private(tmp_path):
    file, link = tmp_path / "private.csv", tmp_path / "link.csv"
    link.symlink_to(file)
    check(link)
    assert link.is_symlink()
    assert not file.exists()
    file.touch(0o600)
    run = WatchedRun()
    run.go_on_before(CsvFile(link, "mine", run.recorded))
    assert link.is_symlink()
    assert len(rows(file)) == 5
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_file_that_somebody_has_put_away_begins_again_and_a_torn_row_ends(path, tmp_path):
    run = WatchedRun()
    run.go_on_before(Callback())
    file = CsvFile(path, "mine", run.recorded)
    file.on_begin(replace(run.state, epoch=0))
    path.rename(tmp_path / "away.csv")
    file.after_epoch(run.state, run.recorded[0])
    path.write_bytes(path.read_bytes() + b"other,0,7")
    file.after_epoch(run.state, run.recorded[1])
    assert [row["epoch"] for row in rows(path) if row["run"] == "mine"] == ["0", "1"]


def test_a_file_that_another_program_keeps_for_itself_is_not_waited_for_longer_than_a_while(path, monkeypatch, caplog):
    monkeypatch.setattr(csv_file, "_PATIENCE", 0.0)
    run = WatchedRun()
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        run.go_on_before(CsvFile(path, "mine", run.recorded))
    assert len(run.recorded) == 5
    assert "the run goes on without it" in caplog.text
