"""What a step makes of a gradient is the same on any number of workers, through a kill, and again for `verify`."""

import signal

import pytest

from tests.support.processes import wait_for_the_end_of
from tests.support.program import job, metrics
from tests.support.runs import assert_complete

AROUND = {"l2": 0.5, "l1": 0.01, "clip_norm": 0.2, "max_norm": 4, "ema": 0.95}
JOBS = {
    "momentum": {
        "optimizer": "momentum",
        "momentum": 0.8,
        "learning_rate": 0.5,
        "schedule": "step",
        "schedule_every": 1,
    },
    "nesterov": {"optimizer": "nesterov", "learning_rate": 0.3, "schedule": "cosine", "warm_up": 0.1, **AROUND},
    "rmsprop": {"optimizer": "rmsprop", "momentum": 0.5, "learning_rate": 0.01, "schedule": "exponential"},
    "adam": {"optimizer": "adam", "learning_rate": 0.01, "warm_up": 30, **AROUND},
    "adamw": {"optimizer": "adamw", "weight_decay": 0.1, "learning_rate": 0.01},
    "adam, native": {"optimizer": "adam", "learning_rate": 0.01, "arithmetic": "native", "shards": 3, **AROUND},
    "adam, local steps": {"optimizer": "adam", "learning_rate": 0.01, "local_steps": 7, "replicas": 3, **AROUND},
}


@pytest.mark.parametrize("name", JOBS)
def test_three_workers_give_the_bits_of_one_process_and_verify_finds_them(gradmq, small_data, fingerprints, name):
    program = gradmq(*job(small_data, workers=3, **JOBS[name]))
    assert program.end() == 0, program.text()
    assert [line["weights_sha256"] for line in metrics(program)] == fingerprints(2, **JOBS[name])
    verified = gradmq("verify", program.run_folder)
    assert verified.end() == 0, verified.text()


@pytest.mark.parametrize("name", ["nesterov", "adam"])
def test_a_killed_coordinator_goes_on_to_the_same_bits(gradmq, small_data, fingerprints, name):
    epochs = 60
    program = gradmq(*job(small_data, epochs, workers=1, **JOBS[name]))
    program.wait_for("Epoch 3:")
    everyone = program.descendants()
    program.process.kill()
    assert program.end() == -signal.SIGKILL
    wait_for_the_end_of(everyone)
    assert 3 < len(metrics(program)) < epochs
    resumed = gradmq("resume", program.run_folder, "--workers", 2)
    assert resumed.end() == 0, resumed.text()
    assert_complete(program.run_folder, fingerprints(epochs, **JOBS[name]))
