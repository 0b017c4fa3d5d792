"""Event files, as TensorBoard reads them."""

import json
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from coordinator.reporting.tensorboard import TensorBoardEvents
from shared.training.callbacks import Callback
from tests.support.watched import CONFIG, WatchedRun


def read(folder: Path) -> EventAccumulator:
    found = EventAccumulator(str(folder))
    found.Reload()
    return found


def watched(run: WatchedRun, folder: Path, stop_at: tuple[int, int] = (-1, 0)) -> None:
    events = TensorBoardEvents(folder, CONFIG, run.recorded)
    run.go_on_before(events, stop_at)
    events.close()


def test_it_has_the_figures_of_each_epoch_and_the_options(tmp_path):
    run = WatchedRun()
    watched(run, tmp_path)
    found = read(tmp_path)
    assert set(found.Tags()["scalars"]) == {
        *(f"{measure}/{part}" for measure in ("accuracy", "cost") for part in ("training", "validation", "test")),
        *("learning_rate", "seconds", "workers"),
    }
    costs = found.Scalars("cost/validation")
    assert [each.step for each in costs] == [0, 1, 2, 3, 4]
    assert [each.value for each in costs] == pytest.approx([metrics.validation_cost for metrics in run.recorded])
    (text,) = (tensor.tensor_proto.string_val[0].decode() for tensor in found.Tensors("configuration/text_summary"))
    assert json.loads(text.removeprefix("```json\n").removesuffix("\n```")) == json.loads(json.dumps(CONFIG.to_json()))


def test_after_a_resume_no_epoch_is_there_twice_and_none_is_missing(tmp_path):
    run = WatchedRun()
    watched(run, tmp_path, stop_at=(1, 2))
    back = run.state.copy()
    watched(run, tmp_path, stop_at=(3, 2))
    run.state = back  # the checkpoint of a coordinator that crashed later
    watched(run, tmp_path)
    assert len([*tmp_path.iterdir()]) == 3
    for tag in ("cost/training", "accuracy/test"):
        assert [each.step for each in read(tmp_path).Scalars(tag)] == [0, 1, 2, 3, 4]


def test_who_begins_to_watch_at_a_resume_sees_all_epochs(tmp_path):
    run = WatchedRun()
    run.go_on_before(Callback(), stop_at=(3, 1))
    watched(run, tmp_path)
    found = read(tmp_path).Scalars("seconds")
    assert [each.step for each in found] == [0, 1, 2, 3, 4]
    assert found == sorted(found, key=lambda each: each.wall_time)


def test_a_folder_that_cannot_be_made_costs_the_view_and_not_the_run(tmp_path, caplog):
    (tmp_path / "file").touch()
    run = WatchedRun()
    watched(run, tmp_path / "file" / "run")
    assert len(run.recorded) == 5
    (record,) = caplog.records
    assert record.getMessage().startswith(f"{tmp_path}/file/run cannot be written: Not a directory; ")
