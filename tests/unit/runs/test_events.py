"""What is kept of what happens in a run."""

import json
import logging
import threading
from dataclasses import replace

import pytest

from coordinator.runs import event_log
from coordinator.runs.event_log import EventLog
from coordinator.runs.events import OTHERS, Event, read_events, samples_since
from shared.accounting import EpochCounts
from shared.data.dataset import Dataset
from shared.data.parts import Part
from shared.errors import RunError
from shared.training.callbacks import Callbacks
from shared.training.in_process import InProcessGradients
from shared.training.loop import train
from shared.training.state import TrainingState
from tests.support.clock import Clock
from tests.support.learning import CONFIG, SAMPLES, more_samples

JOB = replace(CONFIG, epochs=2)
DATA = Dataset(SAMPLES, more_samples(12), more_samples(12))
log = logging.getLogger("coordinator.workers.membership")


@pytest.fixture(autouse=True)
def ours():
    """The coordinator's log, as the command line has it."""
    logger = logging.getLogger("coordinator")
    before = logger.level
    logger.setLevel(logging.INFO)
    yield logger
    logger.setLevel(before)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "events.jsonl"


def test_a_run_tells_when_it_begins_and_who_computed_its_epochs(path):
    with EventLog(path) as events:
        train(JOB, DATA, InProcessGradients(JOB, DATA), TrainingState.initial(JOB), Callbacks([events]))
    begins, *epochs = read_events(path)
    assert (begins.kind, begins.epoch, begins.step) == ("begins", 0, 0)
    assert [(each.kind, each.epoch, each.samples) for each in epochs] == [
        ("epoch", epoch, {"coordinator": len(SAMPLES)}) for epoch in range(2)
    ]
    assert str(Part.TEST) not in path.read_text()


def test_a_second_at_most_it_tells_who_computed_what_since(path):
    clock = Clock()
    with EventLog(path, clock) as events:
        state = TrainingState.initial(JOB)
        events.on_begin(state)
        for step, seconds in enumerate((0.4, 0.4, 0.4, 5.0), start=1):
            clock.now += seconds
            state.step_index = step
            state.counts.answered("a", 10)
            events.after_step(state, None, None)
    tallies = [(each.step, each.samples) for each in read_events(path) if each.kind == "tally"]
    assert tallies == [(3, {"a": 30}), (4, {"a": 10})]


def test_of_the_log_it_keeps_what_names_an_event_of_this_run(path):
    with EventLog(path):
        log.info("takes part", extra={"worker": "a", "event": "joins"})
        log.info("neither here nor there", extra={"worker": "a"})
        about = {"worker": "b", "event": "pauses", "seconds": 10.0}
        other = threading.Thread(target=log.warning, args=("of another run",), kwargs={"extra": about})
        other.start()
        other.join()
    log.info("takes part", extra={"worker": "too late", "event": "joins"})
    (event,) = read_events(path)
    assert (event.kind, event.worker, event.text) == ("joins", "a", "takes part")


def test_it_hears_what_others_have_not_asked_for(path, ours, caplog):
    ours.setLevel(logging.NOTSET)
    assert logging.root.level == logging.WARNING
    with EventLog(path):
        log.info("takes part", extra={"worker": "a", "event": "joins"})
        log.warning("pauses", extra={"worker": "a", "event": "pauses"})
    log.info("takes part", extra={"worker": "b", "event": "joins"})
    assert [event.kind for event in read_events(path)] == ["joins", "pauses"]
    assert [record.message for record in caplog.records] == ["pauses"]
    assert (ours.propagate, ours.level) == (True, logging.NOTSET)


def test_no_password_gets_there(path):
    with EventLog(path):
        log.warning("Redis is away (redis://:secret@host:6379/0)", extra={"event": "trouble"})
    assert "redis://:***@host:6379/0" in path.read_text()


def test_a_resumed_run_adds_to_what_is_there(path):
    for name in "ab":
        with EventLog(path):
            log.info("takes part", extra={"worker": name, "event": "joins"})
    assert [event.worker for event in read_events(path)] == ["a", "b"]


def test_the_file_has_an_end_and_tallies_leave_room_for_what_happens(path, monkeypatch):
    monkeypatch.setattr(event_log, "_MOST", 2000)
    monkeypatch.setattr(event_log, "_MOST_TALLIES", 1000)
    with EventLog(path) as events:
        for number in range(100):
            events.add(Event(number, "tally", samples={"a": 1}))
        tallied = path.stat().st_size
        for number in range(100):
            events.add(Event(number, "joins", "a"))
    assert 900 < tallied <= 1000 < path.stat().st_size <= 2000


def test_where_nothing_can_be_written_the_run_goes_on(tmp_path, caplog):
    with EventLog(tmp_path / "nowhere" / "events.jsonl") as events:
        events.add(Event(0.0, "joins", "a"))
    assert "cannot be written: No such file or directory; the run goes on without it" in caplog.text
    with EventLog(tmp_path / "full") as events:
        events._file.close()
        events._file = open("/dev/full", "w")  # noqa: SIM115
        events.add(Event(0.0, "joins", "a"))
        events.add(Event(0.0, "joins", "b"))
    assert events.optional


def test_lines_that_are_no_events_are_skipped(path):
    lines = [
        *("{}", "null", "[]", '{"time": "x", "event": "joins"}', '{"time": NaN, "event": "joins"}', "{", '{"time": 1}'),
        *('{"time": 1, "event": "tally", "samples": []}', '{"time": 1, "event": "tally", "epoch": "0"}'),
        *('{"time": 1, "event": "tally", "samples": {"a": 0}}', '{"time": 1, "event": "pauses", "seconds": NaN}'),
        *('{"time": 2, "event": "joins"}', '{"time": 1, "event": "joins"}'),
    ]
    path.write_text("\n".join(lines))
    assert [event.time for event in read_events(path)] == [2, 1]
    assert read_events(path.with_name("none")) == []
    with pytest.raises(RunError, match="cannot be read"):
        read_events(path.parent)


def test_an_event_is_read_as_it_was_written():
    for event in (
        Event(1.5, "tally", epoch=0, step=0, samples={"a": 1}),
        Event(2.0, "pauses", "ä", "<text>", seconds=10.0),
        Event(3.0, "retries", count=3),
    ):
        assert Event.from_json(json.loads(json.dumps(event.to_json()))) == event


def test_a_tally_names_the_workers_that_did_most():
    counts = EpochCounts()
    for number in range(100):
        counts.answered(f"w{number}", 10 + number)
    found = samples_since({"w99": 108}, counts)
    assert len(found) == 33
    assert found["w98"] == 108
    assert sum(found.values()) == sum(10 + number for number in range(100)) - 108
    assert found[OTHERS] == 1 + sum(10 + number for number in range(67))  # of w99 too
