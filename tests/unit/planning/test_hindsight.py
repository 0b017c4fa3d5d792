"""What a run with workers is told at its end."""

import re
import time

import numpy as np
import pytest

from coordinator.planning import hindsight
from coordinator.planning.hindsight import LEAST, advise
from coordinator.planning.profiler import Profile
from shared.config import TrainConfig
from shared.data.samples import LabelledSamples, VectorSamples
from shared.strategies import LocalSGD, SyncSGD

CONFIG = TrainConfig(sizes=(20, 5, 2), epochs=1, mini_batch_size=10, learning_rate=1.0, strategy=SyncSGD())
SAMPLES = LabelledSamples(np.zeros((100, 20), np.uint8), np.arange(100) % 2, 2)
LONG, SLOW = 100 * LEAST, 1.0  # seconds of a run, and of a step that takes far less


def test_a_run_whose_workers_mostly_waited_is_told_so_with_both_figures():
    line = advise(CONFIG, SAMPLES, SLOW, LONG, 2)
    assert line.startswith("--workers 0 would have taken about 5 % of the time")
    assert re.search(r": \d\S* ms a step, where 2 workers took 1e\+03 ms; gradmq plan tells", line)


@pytest.mark.parametrize(
    ("step", "seconds", "workers"),
    [
        (SLOW, LONG, 0),  # which it had
        (SLOW, LEAST - 1, 2),  # too short for advice
        (SLOW, 1000 * SLOW, 2),  # looking would take a noticeable part of it
        (1e-6, LONG, 2),  # workers were quicker than one process can be
    ],
)
def test_no_other_run_is(step, seconds, workers):
    assert advise(CONFIG, SAMPLES, step, seconds, workers) == ""


@pytest.mark.parametrize(
    ("busy", "told"), [(1.0, "20 % of the time: "), (0.5, "40 % of the time on a machine as busy")]
)
def test_one_process_would_have_waited_for_others_as_well(monkeypatch, busy, told):
    """What takes two workers 2.5 ms takes one process 0.5 ms of a core that it has alone."""
    found = Profile(call=0.0, unit=0.00004, step=0.0001, mini_batch=0.0004, share=busy)
    monkeypatch.setattr(hindsight, "profile", lambda *_: found)
    assert told in advise(CONFIG, SAMPLES, 0.0025, LONG, 2)
    assert bool(advise(CONFIG, SAMPLES, 0.0010, LONG, 2)) is (busy == 1.0)


def test_local_steps_and_numbers_to_be_predicted_are_looked_at_alike():
    local = TrainConfig(**{**vars(CONFIG), "strategy": LocalSGD(local_steps=2)})
    assert advise(local, SAMPLES, SLOW, LONG, 2)
    config = TrainConfig(**{**vars(CONFIG), "sizes": (20, 5, 1), "output": "linear", "loss": "quadratic"})
    numbers = VectorSamples(np.zeros((100, 20), np.float32), np.zeros((100, 1), np.float32))
    assert advise(config, numbers, SLOW, LONG, 2)


def test_looking_takes_a_hundredth_of_the_run_at_most():
    began = time.process_time()
    advise(CONFIG, SAMPLES, 1e-3, LEAST, 2)
    assert time.process_time() - began < 0.01 * LEAST
