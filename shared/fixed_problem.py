"""A small problem that is the same everywhere: who gets the same digest of its results rounds alike.

It takes a few training steps as a run takes them, by the same code, of shapes for which a BLAS has different kernels,
and with sums that reach from the flat left end of an activation to the flat right one.
"""

import hashlib
from functools import cache

import numpy as np

from shared.config import TrainConfig
from shared.data.samples import LabelledSamples
from shared.environment import SHORT, Kernels, environment
from shared.errors import MachineError
from shared.nn.arithmetic import one_thread, quiet
from shared.nn.parameters import Parameters
from shared.nn.random import Purpose, stream
from shared.parallel.strategy import strategy_of
from shared.strategies import SyncSGD

EXPECTED = ""  # the digest of exact arithmetic on every machine

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
    """Raise MachineError if the run's arithmetic is exact, and this machine's is not."""
    kernels = kernels_for(config)
    if config.arithmetic == "exact" and kernels.digest != EXPECTED:
        raise MachineError(
            f"exact arithmetic is wrong on this machine ({kernels.description}): the fixed problem gives "
            f"{kernels.short}, not {EXPECTED[:SHORT]}; `gradmq doctor` tells more"
        )


@cache
def _digest(arithmetic: str, dtype: str) -> str:
    with one_thread(), quiet():  # as runs are computed
        return digest(arithmetic, dtype)


def digest(arithmetic: str, dtype: str) -> str:
    """Compute the fixed problem, on as many threads as BLAS has now; return the SHA-256 of all its gradients."""
    results = hashlib.sha256()
    for number, (sizes, n_samples) in enumerate(_PROBLEMS):
        config = TrainConfig(
            sizes=sizes,
            arithmetic=arithmetic,
            dtype=dtype,
            epochs=1,
            mini_batch_size=n_samples,
            learning_rate=1.0,
            strategy=SyncSGD(shards=1),
        )
        parameters, samples = _problem(config, number)
        strategy = strategy_of(config, samples)
        step = config.sampler(n_samples).step(0, 0)
        total, _ = strategy.block(parameters, step, 0, len(strategy.bounds(n_samples)) - 1)
        results.update((total + 0.0).data)  # which makes one zero of the two
    return results.hexdigest()


def _problem(config: TrainConfig, number: int) -> tuple[Parameters, LabelledSamples]:
    """Return weights and samples that depend on the number alone: raw words of the generator, and exact arithmetic."""
    words = stream(0, Purpose.FIXED_PROBLEM, number)
    parameters = Parameters(config.sizes, config.dtype)
    # -1 … 1 in steps of 2^-23, which a float32 holds: the sums of 784 inputs have a standard deviation of 9.
    parameters.flat[:] = (words.random_raw(len(parameters.flat)) >> np.uint64(40)) / 2.0**23 - 1.0
    n_inputs, n_classes, n_samples = config.sizes[0], config.sizes[-1], config.mini_batch_size
    images = (words.random_raw(n_samples * n_inputs) >> np.uint64(56)).astype(np.uint8).reshape(n_samples, n_inputs)
    labels = (words.random_raw(n_samples) % np.uint64(n_classes)).astype(np.int64)
    return parameters, LabelledSamples(images, labels, n_classes)
