"""A line every few seconds, while an epoch goes on."""

import logging

import pytest

from coordinator.reporting.status_lines import StatusLines
from shared.nn.score import Score
from shared.training.gradients import StepResult
from shared.training.state import TrainingState
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
    clock.advance(1000.0)  # until workers are there
    for _ in range(6):
        step(lines, state, clock, 2.0)
    # After the first step 18 samples in 6 s; 276 of 5 * 60 are left.
    assert [record.getMessage() for record in caplog.records] == [
        "epoch 0, step 4/10: training 83.33 %, cost 0.250; 3 samples/s, 2 workers; 1 min 32 s left"
    ]
    assert caplog.records[0].status["step"] == 4
    assert caplog.records[0].status["seconds_left"] == 92.0
    step(lines, state, clock, 2.0)
    assert len(caplog.records) == 2


def test_what_is_left_follows_the_speed_slowly(lines, clock, caplog):
    state = TrainingState.initial(CONFIG)
    step(lines, state, clock, 1.0)
    step(lines, state, clock, 6.0)
    step(lines, state, clock, 60.0)
    first, second = (record.status for record in caplog.records)
    assert (first["samples_per_second"], second["samples_per_second"]) == (1.0, 0.1)
    assert (first["seconds_left"], second["seconds_left"]) == (288.0, round(282 / 0.73, 1))


def test_an_epochs_own_line_puts_it_off(lines, clock, caplog):
    state = TrainingState.initial(CONFIG)
    for _ in range(4):
        step(lines, state, clock, 3.0)
        lines.after_epoch(state, None)
    assert caplog.records == []


def test_after_a_resume_there_are_no_figures_of_a_part_of_the_epoch(lines, clock, caplog):
    state = TrainingState.initial(CONFIG)
    state.epoch, state.step_index, state.samples = 4, 4, 24
    step(lines, state, clock, 2.0)
    step(lines, state, clock, 6.0)
    (record,) = caplog.records
    assert record.getMessage() == "epoch 4, step 6/10: 1 samples/s, 2 workers; 24 s left"
