"""What all programs share: the data, the mini-batches, the first weights, and the talk with who starts them.

A program gets a job on its command line, warms up, prints `ready`, and then for every line `N` on its standard input
takes N steps of SGD and prints the seconds that took; it ends at the end of its input. With `--save FILE` it does not
warm up, and saves its weights after each line, outside of these seconds, so that they can be compared and evaluated.

What is the same for all: MNIST's 50,000 training samples in memory; the mini-batches, taken from it by the rows of a
shuffled order, which is the one of GradMQ's runs; the first weights, drawn from N(0, 1) as the notebook does, and for
job (d) scaled; float32 (but the notebook's own loop computes in float64, as ever). An epoch's last mini-batch is left
out where it is shorter than the others, so that all steps cost the same. The learning rate is the job's, or with
`--epochs` follows a cosine to their end. It needs NumPy alone, because the peers' environment has no GradMQ; only
`deformation` imports some of its files.
"""

import argparse
import gzip
import math
import os
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.jobs import JOBS, WARM_UP, Job

Array = NDArray[Any]

DATA = Path(__file__).parents[3] / "data" / "mnist"
N_TRAINING, N_INPUTS, N_CLASSES = 50_000, 784, 10
CANNOT = 3  # exit code of a program that says on its last line why it cannot take part
_WARM_UP = 0.5  # seconds


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser of what every program understands."""
    result = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    result.add_argument("job", choices=JOBS)
    result.add_argument("--save", type=Path, metavar="FILE.npy", help="where the weights go after each answer")
    result.add_argument("--epochs", type=int, default=0, help="of the learning rate's cosine; default: it is constant")
    return result


def training_images() -> tuple[Array, Array]:
    """Return the images (50000, 784) uint8 and the labels (50000,) int64."""
    images, labels = (
        np.frombuffer(gzip.decompress((DATA / f"train-{name}.gz").read_bytes()), np.uint8, offset=header)
        for name, header in (("images-idx3-ubyte", 16), ("labels-idx1-ubyte", 8))
    )
    images = images[: N_TRAINING * N_INPUTS].reshape(N_TRAINING, N_INPUTS)
    return images, labels[:N_TRAINING].astype(np.int64)


def training_data(job: Job) -> tuple[Array, Array]:
    """Return the inputs (50000, 784) float32, as they are without deformation, and the labels (50000,) int64."""
    images, labels = training_images()
    return standardized(job, np.divide(images, 255, dtype=np.float32)), labels


def standardized(job: Job, x: Array) -> Array:
    """Return inputs of [0, 1] as the job's network takes them.  x: overwritten."""
    if job.standardize:
        mean, deviation = job.standardize
        x -= np.float32(mean)
        x /= np.float32(deviation)
    return x


def one_hot(labels: Array) -> Array:
    """Return the wanted outputs: (n, 10) float32."""
    return np.eye(N_CLASSES, dtype=np.float32)[labels]


class MiniBatch(NamedTuple):
    """Samples that are neighbours in an epoch's order."""

    rows: Array  # their numbers in the training data
    epoch: int
    first: int  # place of the first one in the epoch's order

    def part(self, number: int, count: int) -> "MiniBatch":
        """Return one of so many parts, which are equal but for a sample."""
        start, stop = (len(self.rows) * each // count for each in (number, number + 1))
        return MiniBatch(self.rows[start:stop], self.epoch, self.first + start)


class MiniBatches:
    """An endless run's mini-batches."""

    def __init__(self, job: Job, epochs: int = 0) -> None:
        """epochs: of the learning rate's cosine; 0: it is constant."""
        self._job, self._size, self._epochs = job, job.mini_batch, epochs
        self.an_epoch = N_TRAINING // self._size
        self.number = 0  # of the next one, from 0
        self._order: Array

    def next(self) -> MiniBatch:
        epoch, index = divmod(self.number, self.an_epoch)
        if index == 0:
            self._order = epoch_order(epoch)
        self.number += 1
        first = index * self._size
        return MiniBatch(self._order[first : first + self._size], epoch, first)

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next one's step."""
        return self._job.learning_rate * (cosine(self.number, self._epochs * self.an_epoch) if self._epochs else 1.0)


def cosine(step: int, n_steps: int) -> float:
    """Return a factor that grows to 1 in the first steps, and then falls to 0 as a cosine does from 0 to pi."""
    growing = int(WARM_UP * n_steps)
    if step < growing:
        return (step + 1) / growing
    return (1 + math.cos(math.pi * (step - growing) / (n_steps - growing))) / 2


def epoch_order(epoch: int) -> Array:
    """Return the epoch's permutation of the rows: what `shared.data.sampler.epoch_order` gives for --seed 0."""
    philox = np.random.Philox(key=np.array([0, 1], np.uint64), counter=np.array([0, 0, 0, epoch], np.uint64))
    return np.argsort(philox.random_raw(N_TRAINING), kind="stable")


def first_weights(job: Job) -> Array:
    """Return all weights and biases as one vector W_1, b_1, W_2, b_2, …: float32."""
    count = sum(n_out * (n_in + 1) for n_in, n_out in pairwise(job.sizes))
    flat = np.random.default_rng(0).standard_normal(count).astype(np.float32)
    if job.initializer == "he":
        *hidden, last = layers(flat, job.sizes)
        for w, b in (*hidden, last):
            w *= np.float32(math.sqrt((1 if w is last[0] else 2) / w.shape[1]))
            b[:] = 0
    return flat


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
        seconds = time.perf_counter() - start
        if options.save:
            np.save(options.save, weights())
        print(seconds, file=answers, flush=True)
