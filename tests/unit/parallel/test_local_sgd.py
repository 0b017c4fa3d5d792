"""Local steps: replicas that walk alone and meet; as independent of workers and faults as exact steps."""

import signal

import numpy as np
import pytest

from coordinator.runs.checkpoint import load_checkpoint
from shared.config import TrainConfig
from shared.data.samples import VectorSamples
from shared.errors import ConfigError
from shared.parallel.sgd import Gradients, initial_parameters, sgd_step
from shared.parallel.strategy import work_of
from tests.conftest import job, metrics

SIZES = (6, 5, 3)
_rng = np.random.default_rng(0)
SAMPLES = VectorSamples(_rng.random((50, 6)), _rng.random((50, 3)))


def config_of(**options: object) -> TrainConfig:
    return TrainConfig(SIZES, 1, 4, 3.0, 0, 1, "float64", **options)


def test_one_replica_is_sgd_itself():
    rows = np.arange(50)
    work = work_of(config_of(local_steps=13), SAMPLES)
    alone, together = (initial_parameters(SIZES, 0, np.float64) for _ in range(2))
    gradients = Gradients(SAMPLES, SIZES, np.float64)
    for first in range(0, 50, 4):
        gradient, n_samples = gradients.block(alone, rows[first : first + 4], 1)
        sgd_step(alone, gradient, 3.0, n_samples)
    total, n_samples = work.block(together, rows, 0, 1)
    work.take_step(together, None, total, n_samples)
    np.testing.assert_allclose(together.flat, alone.flat, rtol=1e-13)


def test_the_weights_follow_the_mean_of_the_replicas_moves():
    """Against a slow truth: each replica by itself."""
    config = config_of(local_steps=3, replicas=4, outer_momentum=0.5)
    work = work_of(config, SAMPLES)
    rows = np.arange(40)  # three replicas with 12 samples, and one with 4
    start = initial_parameters(SIZES, 0, np.float64)
    gradients = Gradients(SAMPLES, SIZES, np.float64)
    moves = []
    for first in range(0, 40, 12):
        replica = initial_parameters(SIZES, 0, np.float64)
        for batch in range(first, min(first + 12, 40), 4):
            gradient, n_samples = gradients.block(replica, rows[batch : batch + 4], 1)
            sgd_step(replica, gradient, 3.0, n_samples)
        moves.append(replica.flat - start.flat)
    mean = sum(moves) / 4
    velocity = np.full_like(start.flat, 0.25)
    moved = initial_parameters(SIZES, 0, np.float64)
    total, n_samples = work.block(moved, rows, 0, 4)
    assert n_samples == 40
    work.take_step(moved, velocity, total, n_samples)
    np.testing.assert_allclose(velocity, 0.125 + mean, rtol=1e-12)
    np.testing.assert_allclose(moved.flat, start.flat + mean + 0.5 * velocity, rtol=1e-12)


OPTIONS = {"local_steps": 7, "replicas": 3, "outer_momentum": 0.3}


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_any_number_of_workers_gives_the_bits_of_one_process(gradmq, small_data, fingerprints, workers):
    program = gradmq(*job(small_data, workers=workers, audit=0.1, **OPTIONS))
    assert program.end() == 0, program.text()
    assert "local SGD: 3 replicas average every 7 steps, outer momentum 0.3" in program.text()
    assert [line["weights_sha256"] for line in metrics(program)] == fingerprints(2, **OPTIONS)
    assert [(line["steps"], line["samples"]) for line in metrics(program)] == [(100, 1000)] * 2


def test_killed_workers_stop_and_resume_change_nothing(gradmq, small_data, fingerprints):
    epochs = 200
    program = gradmq(*job(small_data, epochs, workers=2, **OPTIONS))
    program.wait_for("Epoch 10:")
    for process in program.descendants("worker1@"):
        process.kill()
    program.wait_for("worker1 has ended")
    program.process.send_signal(signal.SIGTERM)
    assert program.end(10) == 143, program.text()
    (folder,) = program.output.parent.glob("runs/*")
    config = TrainConfig((196, 12, 10), epochs, 10, 3.0, 0, 1, "float32", **OPTIONS)
    kept = load_checkpoint(folder / "checkpoint.npz", config, config.steps_per_epoch(1000))
    assert np.abs(kept.velocity).max() > 0
    resumed = gradmq("resume", folder, "--workers", 1)
    assert resumed.end() == 0, resumed.text()
    assert [line["weights_sha256"] for line in metrics(program)] == fingerprints(epochs, **OPTIONS)
    verified = gradmq("verify", folder, "--epochs", "0..20")
    assert verified.end() == 0, verified.text()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"local_steps": -1}, "--local-steps must be 0 or more, got -1"),
        ({"local_steps": 5, "replicas": 0}, "--replicas must be at least 1, got 0"),
        ({"replicas": 2}, "go with --local-steps"),
        ({"local_steps": 5, "outer_momentum": 1.0}, "--outer-momentum must be at least 0 and below 1, got 1.0"),
    ],
)
def test_options_that_do_not_fit_are_named(options, named):
    with pytest.raises(ConfigError, match=named):
        config_of(**options)
