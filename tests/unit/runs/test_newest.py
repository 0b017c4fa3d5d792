"""Which run is gone on with: by its state, and by its settings and samples."""

from dataclasses import replace
from pathlib import Path

import pytest

from coordinator.runs.newest import differences, newest_of, newest_unfinished
from coordinator.runs.run import RunFolder
from shared.data.dataset import Dataset
from tests.support.learning import CONFIG, SAMPLES, more_samples

DATA = Dataset(SAMPLES, more_samples(12), more_samples(12))
OTHERS = Dataset(SAMPLES, more_samples(13), more_samples(12))


@pytest.fixture
def begin(tmp_path, monkeypatch):
    """Begin a run, each with a later id."""
    seconds = iter(range(100))
    monkeypatch.setattr("coordinator.runs.run.time.strftime", lambda _: f"20261126-0000{next(seconds):02}")

    def create(config=CONFIG, data=DATA, finished: bool = False) -> RunFolder:
        run = RunFolder.create(tmp_path, config, Path("somewhere"), data)
        if finished:
            monkeypatch.setattr(RunFolder, "is_finished", property(lambda self: self.id in done))
            done.append(run.id)
        return run

    done: list[str] = []
    return create


def test_the_newest_that_is_neither_finished_nor_damaged_nor_driven_is_unfinished(begin, tmp_path):
    assert newest_unfinished(tmp_path / "none") is None
    assert newest_unfinished(tmp_path) is None
    begin()
    newest = begin()
    begin(finished=True)
    (begin().folder / "config.json").write_text("{")
    driven = begin()
    driven.lock()
    assert newest_unfinished(tmp_path).id == newest.id
    driven.unlock()
    assert newest_unfinished(tmp_path).id == driven.id


def test_the_newest_of_some_settings_may_be_finished(begin, tmp_path):
    assert newest_of(tmp_path, CONFIG, DATA) is None
    begin()
    finished = begin(finished=True)
    begin(replace(CONFIG, seed=CONFIG.seed + 1))
    begin(data=OTHERS)
    assert newest_of(tmp_path, CONFIG, DATA).id == finished.id


def test_a_line_names_what_is_otherwise(begin):
    run = begin(replace(CONFIG, seed=8, epochs=40), OTHERS)
    assert differences(run, CONFIG, DATA) == "epochs 40, seed 8, other samples"
    assert differences(run, run.config, OTHERS) == ""
    further = replace(CONFIG, learning_rate=0.5, dropout=0.5)
    assert differences(run, further, DATA).endswith(" and 1 more")
