"""What all programs share: the data, the mini-batches, the first weights, and the talk with who starts them.

A program gets a job on its command line, warms up, prints `ready`, and then for every line `N` on its standard input
takes N steps of SGD and prints the seconds that took; it ends at the end of its input. With `--save FILE` it does not
warm up, and saves its weights at the end, so that they can be compared.

What is the same for all: MNIST's 50,000 training samples in memory; the mini-batches, taken from it by the rows of a
shuffled order, which is the one of GradMQ's runs; the first weights, drawn from N(0, 1) as the notebook does; float32
(but the notebook's own loop computes in float64, as ever). An epoch's last mini-batch is left out where it is shorter
than the others, so that all steps cost the same. It needs NumPy alone, because the peers' environment has no GradMQ.
"""

import argparse
import gzip
import os
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.jobs import JOBS

Array = NDArray[Any]

DATA = Path(__file__).parents[3] / "data" / "mnist"
N_TRAINING, N_INPUTS, N_CLASSES = 50_000, 784, 10
CANNOT = 3  # exit code of a program that says on its last line why it cannot take part
_WARM_UP = 0.5  # seconds


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser of what every program understands."""
    result = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    result.add_argument("job", choices=JOBS)
    result.add_argument("--save", type=Path, metavar="FILE.npy", help="where the weights go at the end, to be compared")
    return result


def training_data() -> tuple[Array, Array]:
    """Return the inputs (50000, 784) float32 in [0, 1] and the labels (50000,) int64."""
    images, labels = (
        np.frombuffer(gzip.decompress((DATA / f"train-{name}.gz").read_bytes()), np.uint8, offset=header)
        for name, header in (("images-idx3-ubyte", 16), ("labels-idx1-ubyte", 8))
    )
    x = images[: N_TRAINING * N_INPUTS].reshape(N_TRAINING, N_INPUTS).astype(np.float32)
    x /= 255
    return x, labels[:N_TRAINING].astype(np.int64)


def one_hot(labels: Array) -> Array:
    """Return the wanted outputs: (n, 10) float32."""
    return np.eye(N_CLASSES, dtype=np.float32)[labels]


class MiniBatches:
    """An endless run's mini-batches: for each, the numbers of its rows in the training data."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._position = 0
        self._order: Array

    def next(self, count: int = 1) -> Array:
        """Return the rows of the next mini-batch, or of several, one after the other."""
        if count > 1:
            return np.concatenate([self.next() for _ in range(count)])
        epoch, batch = divmod(self._position, N_TRAINING // self._size)
        if batch == 0:
            self._order = epoch_order(epoch)
        self._position += 1
        return self._order[batch * self._size : (batch + 1) * self._size]


def epoch_order(epoch: int) -> Array:
    """Return the epoch's permutation of the rows: what `shared.parallel.sgd.epoch_order` gives for --seed 0."""
    philox = np.random.Philox(key=np.array([0, 1], np.uint64), counter=np.array([0, 0, 0, epoch], np.uint64))
    return np.argsort(philox.random_raw(N_TRAINING), kind="stable")


def first_weights(sizes: tuple[int, ...]) -> Array:
    """Return all weights and biases as one vector W_1, b_1, W_2, b_2, …: float32."""
    count = sum(n_out * (n_in + 1) for n_in, n_out in pairwise(sizes))
    return np.random.default_rng(0).standard_normal(count).astype(np.float32)


def layers(flat: Array, sizes: tuple[int, ...]) -> list[tuple[Array, Array]]:
    """Return views of such a vector: W (n_out, n_in) and b (n_out,) of each layer."""
    result: list[tuple[Array, Array]] = []
    for n_in, n_out in pairwise(sizes):
        w, b, flat = np.split(flat, [n_out * n_in, n_out * (n_in + 1)])
        result.append((w.reshape(n_out, n_in), b))
    return result


def flatten(parts: list[tuple[Array, Array]]) -> Array:
    """Return the weights and biases of all layers as one vector."""
    return np.concatenate([part.ravel() for layer in parts for part in layer])


def serve(options: argparse.Namespace, take: Callable[[int], object], weights: Callable[[], Array]) -> None:
    """Do what is asked for, until there is no more.

    take: takes so many steps.  weights: returns all weights as one vector.
    """
    # The talk has the standard output for itself: whatever a library prints goes to the log.
    sys.stdout.flush()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    if not options.save:
        end = time.perf_counter() + _WARM_UP
        while time.perf_counter() < end:
            take(3)
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        take(int(line))
        print(time.perf_counter() - start, file=answers, flush=True)
    if options.save:
        np.save(options.save, weights())
