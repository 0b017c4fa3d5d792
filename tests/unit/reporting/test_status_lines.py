"""A line every few seconds, while an epoch goes on."""

import logging

import pytest

from coordinator.gradients.base import StepResult
from coordinator.reporting.status_lines import StatusLines
from coordinator.training.state import TrainingState
from shared.nn.score import Score
from tests.support.clock import Clock
from tests.support.learning import SAMPLES
from tests.support.watched import CONFIG


class Source:
    n_workers = 2


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lines(clock, caplog) -> StatusLines:
    caplog.set_level(logging.INFO, "coordinator")
    return StatusLines(CONFIG, SAMPLES, clock)


def step(lines: StatusLines, state: TrainingState, clock: Clock, seconds: float) -> None:
    """A step of six samples, five of them right."""
    clock.now += seconds
    score = Score(correct=5, cost=1.5, samples=6)
    state.step_index += 1
    state.samples += 6
    state.score.add(score)
    lines.after_step(state, StepResult(None, score, state.counts), Source())


def test_every_five_seconds_it_says_how_far_the_run_is_and_how_well_it_learns(lines, clock, caplog):
    state = TrainingState.initial(CONFIG)
    lines.on_begin(state)
    for _ in range(5):
        step(lines, state, clock, 2.0)
    # 18 of 5 * 60 samples in 6 s; then 12 more in 4 s.
    assert [record.getMessage() for record in caplog.records] == [
        "epoch 0, step 3/10: training 83.33 %, cost 0.250; 3 samples/s, 2 workers; 1 min 34 s left"
    ]
    step(lines, state, clock, 2.0)
    assert len(caplog.records) == 2
    assert caplog.records[0].status["step"] == 3
    assert caplog.records[0].status["seconds_left"] == 94.0


def test_who_is_not_told_of_the_beginning_begins_with_the_first_step(lines, clock, caplog):
    state = TrainingState.initial(CONFIG)
    for _ in range(4):
        step(lines, state, clock, 2.0)
    (record,) = caplog.records
    assert " 3 samples/s, " in record.getMessage()


def test_an_epochs_own_line_puts_it_off(lines, clock, caplog):
    state = TrainingState.initial(CONFIG)
    lines.on_begin(state)
    for _ in range(4):
        step(lines, state, clock, 3.0)
        lines.after_epoch(state, None)
    assert caplog.records == []


def test_after_a_resume_the_time_before_is_no_part_of_the_speed(lines, clock, caplog):
    state = TrainingState.initial(CONFIG)
    state.epoch, state.step_index, state.samples = 4, 4, 24
    clock.now = 1000.0
    lines.on_begin(state)
    step(lines, state, clock, 6.0)
    (record,) = caplog.records
    # No score of the samples before: no figures, rather than those of a part.
    assert record.getMessage() == "epoch 4, step 5/10: 1 samples/s, 2 workers; 30 s left"
