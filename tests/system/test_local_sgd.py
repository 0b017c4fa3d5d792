"""Local SGD is as independent of workers and faults as synchronous SGD."""

import signal

import numpy as np
import pytest

from coordinator.runs.checkpoint import load_checkpoint
from shared.config import TrainConfig
from shared.strategies import LocalSGD
from tests.support.program import job, metrics

ENDLESS = 100_000  # epochs, of which nobody awaits the last
OPTIONS = {"local_steps": 7, "replicas": 3, "outer_momentum": 0.3}


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_any_number_of_workers_gives_the_bits_of_one_process(gradmq, small_data, fingerprints, workers):
    program = gradmq(*job(small_data, workers=workers, audit=0.1, **OPTIONS))
    assert program.end() == 0, program.text()
    assert "local SGD: 3 replicas average every 7 steps, outer momentum 0.3" in program.text()
    assert [line["weights_sha256"] for line in metrics(program)] == fingerprints(2, **OPTIONS)
    assert [(line["mini_batches"], line["samples"]) for line in metrics(program)] == [(100, 1000)] * 2


def test_killed_workers_stop_and_resume_change_nothing(gradmq, small_data, fingerprints):
    program = gradmq(*job(small_data, ENDLESS, workers=2, **OPTIONS))
    program.wait_for("Epoch 10:")
    for process in program.descendants("worker1@"):
        process.kill()
    program.wait_for("worker1 has ended")
    program.process.send_signal(signal.SIGTERM)
    assert program.end() == 143, program.text()
    (folder,) = program.output.parent.glob("runs/*")
    config = TrainConfig(
        sizes=(196, 12, 10), epochs=ENDLESS, mini_batch_size=10, learning_rate=3.0, strategy=LocalSGD(**OPTIONS)
    )
    kept = load_checkpoint(folder / "checkpoint.npz", config, config.sampler(1000).steps_per_epoch)
    assert np.abs(kept.optimizer_state["ahead"]).max() > 0
    epochs = len(metrics(program)) + 5
    resumed = gradmq("resume", folder, "--workers", 1, "--epochs", epochs)
    assert resumed.end() == 0, resumed.text()
    assert [line["weights_sha256"] for line in metrics(program)] == fingerprints(epochs, **OPTIONS)
    verified = gradmq("verify", folder, "--epochs", "0..10")
    assert verified.end() == 0, verified.text()
