"""A small problem that is the same everywhere: machines that get the same digest of its results round alike.

It takes the first steps of a few trainings by the code of runs, from the draw of the weights on. Their shapes are such
that a BLAS takes different kernels for them, and the neurons' sums reach from one flat end of the activation to the
other. All kinds of neurons, and most of what can be done to weights and samples, come up in one of them.
"""

import hashlib
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

from shared.config import TrainConfig
from shared.data.augment.options import Augmentation
from shared.data.samples import LabelledSamples
from shared.environment import SHORT, Kernels, environment
from shared.errors import MachineError
from shared.nn.arithmetic import ARITHMETICS, one_thread, quiet
from shared.nn.random import Purpose, stream
from shared.optim.optimizers import Adam, Nesterov, RMSprop
from shared.optim.schedules import CosineDecay
from shared.optim.update import averaged
from shared.parallel.strategy import strategy_of
from shared.strategies import SyncSGD
from shared.types import Array

# The digest in exact arithmetic, on every machine.
EXPECTED = "9d76d0ff21a6d16a8ab7495515302759b99ffb3d26f166b67801ad0d13e891c8"

_NORMS = {"l1": 0.1, "l2": 0.1, "clip_norm": 0.5, "max_norm": 1.5, "ema": 0.5}
_WEIGHTS = {"label_smoothing": 0.1, "class_weights": (1.0, 0.5, 3.0, 1.0), "dropout": 0.5, "input_dropout": 0.2}

# Sizes, samples and what else. The fourth is large enough for a BLAS to use all the threads that it may.
_PROBLEMS: tuple[tuple[tuple[int, ...], int, dict[str, Any]], ...] = (
    ((784, 30, 10), 10, {}),
    ((64, 100, 60, 10), 33, {}),
    ((784, 30, 10), 1, {}),
    ((784, 100, 10), 100, {}),
    ((64, 40, 30, 10), 33, {"activation": "relu", "output": "softmax", "initializer": "he", "optimizer": Nesterov()}),
    ((64, 20, 4), 12, {"activation": "tanh", "loss": "cross-entropy", "initializer": "nielsen", "optimizer": Adam()}),
    ((63, 20, 4), 12, {"activation": "leaky-relu", "output": "linear", "loss": "huber", "initializer": "glorot"}),
    ((64, 20, 4), 12, {"output": "linear", "initializer": "lecun", "optimizer": RMSprop(), **_NORMS}),
    ((64, 20, 4), 12, {"output": "softmax", "standardize": (0.5, 0.3), "schedule": CosineDecay(), **_WEIGHTS}),
    ((70, 20, 4), 12, {"augment": Augmentation(elastic=1.0, rotate=9.0, noise=0.1), "image_shape": (10, 7)}),
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

    These are of each step the gradient, the score, the weights after it, and what they make of the samples.
    """
    results = hashlib.sha256()
    with quiet():
        for number, (sizes, n_samples, more) in enumerate(_PROBLEMS):
            config = _config(number, sizes, n_samples, arithmetic, dtype, more)
            for result in _first_steps(config, 2):
                result = result + 0.0  # which makes one zero of the two
                results.update(result.astype(result.dtype.newbyteorder("<"), copy=False).tobytes())
    return results.hexdigest()


def _config(
    number: int, sizes: tuple[int, ...], n_samples: int, arithmetic: str, dtype: str, more: dict[str, Any]
) -> TrainConfig:
    return TrainConfig(
        sizes=sizes,
        arithmetic=arithmetic,
        dtype=dtype,
        epochs=3,
        mini_batch_size=n_samples,
        learning_rate=0.1 if more else 3.0,
        seed=number,
        strategy=SyncSGD(shards=None if ARITHMETICS[arithmetic].any_order else 1),
        **more,
    )


def _first_steps(config: TrainConfig, count: int) -> Iterator[Array]:
    """Take the first steps of a training, an epoch each; yield what came of each."""
    samples = _samples(config)
    parameters, strategy, mlp = config.initial_parameters(), strategy_of(config, samples), config.mlp()
    state = config.initial_optimizer_state(parameters)
    for epoch in range(count):
        step = config.sampler(len(samples)).step(epoch, 0)
        units = len(strategy.bounds(len(samples))) - 1
        total, score = strategy.block(strategy.broadcast(parameters), step, 0, units)
        yield total.copy()
        yield np.array(score, np.float64)
        strategy.update(parameters, state, step, total)
        yield averaged(parameters, state).flat
        yield from mlp.forward(mlp.rounded(parameters), samples.inputs(step.rows, mlp.inputs))[1:]


def _samples(config: TrainConfig) -> LabelledSamples:
    """Return a mini-batch of raw words of the generator."""
    words, n_samples = stream(config.seed, Purpose.FIXED_PROBLEM, 0), config.mini_batch_size
    images = words.random_raw(n_samples * config.sizes[0]) >> np.uint64(56)
    labels = words.random_raw(n_samples) % np.uint64(config.sizes[-1])
    return LabelledSamples(images.astype(np.uint8).reshape(n_samples, -1), labels.astype(np.int64), config.sizes[-1])
