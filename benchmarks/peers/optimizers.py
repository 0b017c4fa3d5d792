"""Do GradMQ's optimizers and schedules compute what PyTorch's do? Where both are after each of a hundred steps."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers import oracle
from shared import kinds
from shared.config import TrainConfig
from shared.nn.parameters import Parameters
from shared.optim.optimizers import OPTIMIZERS
from shared.optim.schedules import SCHEDULES
from shared.strategies import SyncSGD
from shared.types import Array

TOLERANCE = 1e-6  # of the way that the weights have gone
_PROJECT = Path(__file__).parents[2]


def compare_optimizers(python: str) -> int:
    """Print how far apart the weights are; return 1 if that is too far, else 0.  python: which has PyTorch."""
    print(
        f"largest difference of the weights in {oracle.STEPS} steps from PyTorch's, relative to the way they have gone"
    )
    command = [python, "-m", "benchmarks.peers.programs.torch_optimizers"]
    try:
        done = subprocess.run(
            command,
            input=json.dumps(oracle.CASES),
            env={**os.environ, "PYTHONPATH": str(_PROJECT)},
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        print(f"  skipped: {python}: {error.strerror}")
        return 0
    if "ModuleNotFoundError" in done.stderr:
        print(f"  skipped: {done.stderr.splitlines()[-1]}")
        return 0
    if done.returncode:
        print(f"  crashed: {done.stderr}")
        return 1
    theirs, worst = json.loads(done.stdout), 0.0
    for name, case in oracle.CASES.items():
        expected, found = np.array(theirs[name]), path(case)
        way = np.abs(np.diff(expected, axis=0)).sum(0).max()
        difference = float(np.abs(found - expected).max() / way)
        print(f"  {name:20} {difference:.1e}")
        worst = max(worst, difference)
    print("the same" if worst < TOLERANCE else f"NOT THE SAME: more than {TOLERANCE} apart")
    return int(worst >= TOLERANCE)


def path(case: dict[str, Any]) -> Array:
    """Return our weights after each step: (STEPS, COUNT), weights, then biases."""
    config = TrainConfig(
        sizes=oracle.SIZES,
        epochs=oracle.STEPS // oracle.STEPS_PER_EPOCH,
        mini_batch_size=1,
        learning_rate=oracle.LEARNING_RATE,
        arithmetic="native",
        dtype="float64",
        optimizer=kinds.from_json(OPTIMIZERS, case["optimizer"], "optimizer"),
        schedule=kinds.from_json(SCHEDULES, case.get("schedule", "constant"), "schedule"),
        l2=case.get("l2", 0.0),
        clip_norm=case.get("clip_norm"),
        strategy=SyncSGD(shards=1),
    )
    parameters, gradient = config.initial_parameters(), config.initial_parameters()
    first, scale, targets = oracle.problem()
    scatter(first, parameters)
    update, state, found = config.step_update(1), config.initial_optimizer_state(parameters), []
    for step in range(oracle.STEPS):
        history = oracle.HISTORY[: step // oracle.STEPS_PER_EPOCH]
        rate = config.learning_rate_at(step, oracle.STEPS_PER_EPOCH, config.schedule.reductions(history))
        scatter(scale * (gather(parameters) - targets[step]), gradient)
        update(parameters, state, gradient.flat, 1, rate)
        found.append(gather(parameters))
    return np.array(found)


def gather(parameters: Parameters) -> Array:
    """Return all weights, and then all biases."""
    return np.concatenate([part.ravel() for part in (*parameters.weights, *parameters.biases)])


def scatter(values: Array, parameters: Parameters) -> None:
    """Put them back."""
    start = 0
    for part in (*parameters.weights, *parameters.biases):
        part[:] = values[start : start + part.size].reshape(part.shape)
        start += part.size
