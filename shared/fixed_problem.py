"""A small problem that is the same everywhere: machines that get the same digest of its results round alike.

It takes the first step of a few trainings by the code of runs, from the draw of the weights on. Their shapes are such
that a BLAS takes different kernels for them, and the neurons' sums reach from one flat end of the activation to the
other.
"""

import hashlib
from functools import cache

import numpy as np

from shared.config import TrainConfig
from shared.data.samples import LabelledSamples
from shared.environment import SHORT, Kernels, environment
from shared.errors import MachineError
from shared.nn.arithmetic import ARITHMETICS, one_thread, quiet
from shared.nn.random import Purpose, stream
from shared.parallel.strategy import strategy_of
from shared.strategies import SyncSGD
from shared.types import Array

# The digest in exact arithmetic, on every machine.
EXPECTED = "bcba5bbedb83687a5e039a7fe3d80902b41dac74bf49dda2ec2e1318320ca0dc"

# Sizes and samples. The last is large enough for a BLAS to use all the threads that it may.
_PROBLEMS = (
    ((784, 30, 10), 10),
    ((64, 100, 60, 10), 33),
    ((784, 30, 10), 1),
    ((784, 100, 10), 100),
)


def kernels_for(config: TrainConfig) -> Kernels:
    """Return what this machine computes a run with."""
    return Kernels(_digest(config.arithmetic, config.dtype), environment().kernels)


def check_arithmetic(config: TrainConfig) -> None:
    """Raise MachineError if a run should have the same bits on any machine, and would not have them on this one."""
    kernels = kernels_for(config)
    if config.any_order and kernels.digest != EXPECTED:
        raise MachineError(
            f"exact arithmetic is wrong on this machine ({kernels.description}): the fixed problem gives "
            f"{kernels.short}, not {EXPECTED[:SHORT]}; `gradmq doctor` tells more"
        )


@cache
def _digest(arithmetic: str, dtype: str) -> str:
    with one_thread():  # as runs are computed
        return digest(arithmetic, dtype)


def digest(arithmetic: str, dtype: str) -> str:
    """Compute the fixed problem, on as many threads as BLAS has now; return the SHA-256 of its results.

    These are of each step the gradient, the weights after it, and what they make of the samples.
    """
    results = hashlib.sha256()
    with quiet():
        for number, (sizes, n_samples) in enumerate(_PROBLEMS):
            for result in _first_step(_config(number, sizes, n_samples, arithmetic, dtype)):
                result = result + 0.0  # which makes one zero of the two
                results.update(result.astype(result.dtype.newbyteorder("<"), copy=False).tobytes())
    return results.hexdigest()


def _config(number: int, sizes: tuple[int, ...], n_samples: int, arithmetic: str, dtype: str) -> TrainConfig:
    return TrainConfig(
        sizes=sizes,
        arithmetic=arithmetic,
        dtype=dtype,
        epochs=1,
        mini_batch_size=n_samples,
        learning_rate=3.0,
        seed=number,
        strategy=SyncSGD(shards=None if ARITHMETICS[arithmetic].any_order else 1),
    )


def _first_step(config: TrainConfig) -> list[Array]:
    """Take the first step of a training; return what came of it."""
    samples = _samples(config)
    parameters, strategy, mlp = config.initial_parameters(), strategy_of(config, samples), config.mlp()
    state = config.step_optimizer().initial_state(parameters.flat)
    step = config.sampler(len(samples)).step(0, 0)
    units = len(strategy.bounds(len(samples))) - 1
    total, score = strategy.block(strategy.broadcast(parameters), step, 0, units)
    gradient = total.copy()
    strategy.update(parameters, state, step, total, score.samples)
    outputs = mlp.forward(mlp.rounded(parameters), samples.inputs(step.rows, mlp.dtype, mlp.arithmetic.input_grid))
    return [gradient, parameters.flat, *outputs[1:]]


def _samples(config: TrainConfig) -> LabelledSamples:
    """Return a mini-batch of raw words of the generator."""
    words, n_samples = stream(config.seed, Purpose.FIXED_PROBLEM, 0), config.mini_batch_size
    images = words.random_raw(n_samples * config.sizes[0]) >> np.uint64(56)
    labels = words.random_raw(n_samples) % np.uint64(config.sizes[-1])
    return LabelledSamples(images.astype(np.uint8).reshape(n_samples, -1), labels.astype(np.int64), config.sizes[-1])
