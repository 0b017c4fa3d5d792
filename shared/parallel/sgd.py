"""What a run computes: its order, its shards, the tree that adds them and the step. This decides the bits."""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from shared.data.samples import LabelledSamples
from shared.nn.mlp import Workspace, activations, backprop
from shared.nn.parameters import Parameters

Array = NDArray[Any]

# The second half of the generator's key: one independent stream for each use of the seed.
_WEIGHTS_STREAM, _ORDER_STREAM = 0, 1


class Samples(Protocol):
    """Samples that can be had as columns."""

    def __len__(self) -> int: ...

    def columns(self, rows: Array, dtype: DTypeLike) -> tuple[Array, Array]:
        """Return x (n_inputs, len(rows)) and y (n_outputs, len(rows)) of these rows."""
        ...


def initial_parameters(sizes: Sequence[int], seed: int, dtype: DTypeLike) -> Parameters:
    """Draw all weights and biases from N(0, 1), the biases first, as the seed does."""
    parameters = Parameters(sizes, dtype)
    rng = np.random.Generator(_philox(seed, _WEIGHTS_STREAM, 0))
    for layer in (*parameters.biases, *parameters.weights):
        layer[...] = rng.standard_normal(layer.shape)
    return parameters


@lru_cache(maxsize=2)
def epoch_order(seed: int, epoch: int, n_samples: int) -> Array:
    """Return the epoch's permutation of range(n_samples), read-only: (n_samples,) int64.

    It depends on (seed, epoch) alone, not on the epochs before. It sorts the raw words of a Philox generator
    (J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011): these are fixed for all versions of
    NumPy, as `Generator.permutation` is not (NEP 19), and every worker must find the same order.
    """
    order = np.argsort(_philox(seed, _ORDER_STREAM, epoch).random_raw(n_samples), kind="stable")
    order.flags.writeable = False
    return order


def _philox(seed: int, stream: int, counter: int) -> np.random.Philox:
    return np.random.Philox(key=np.array([seed, stream], np.uint64), counter=np.array([0, 0, 0, counter], np.uint64))


def mini_batch_starts(n_samples: int, mini_batch_size: int) -> range:
    """Return where each mini-batch of an epoch's order begins; the last may be shorter, as in the seed."""
    return range(0, n_samples, mini_batch_size)


def default_shards(mini_batch_size: int) -> int:
    """Return the number of shards of a mini-batch if none is asked for: 2 for 10 samples, 4 for 100, 8 for 2,000.

    It is the largest power of two whose fourth power is at most four times the size: every shard adds one sum of whole
    gradients, and BLAS is slower on narrow matrices, so their number should grow slower than what there is to share.
    """
    shards = 1
    while (2 * shards) ** 4 <= 4 * mini_batch_size:
        shards *= 2
    return shards


def shard_bounds(n_samples: int, shards: int) -> list[int]:
    """Return where the shards of a mini-batch begin, and its end: contiguous, nearly equal, none empty.

    A mini-batch with fewer samples than shards has one shard a sample.
    """
    shards = min(shards, n_samples)
    return [n_samples * shard // shards for shard in range(shards + 1)]


def tree_sum(vector_of: Callable[[int], Array], first: int, stop: int) -> Array:
    """Add vectors `first` to `stop - 1` in a fixed pairwise tree, in place, and return the sum.

    The tree pairs neighbours, then pairs of neighbours, and so on from number 0: (0+1)+(2+3), …. So a block of
    2^k vectors whose first number is a multiple of 2^k (or what is there of it) is a node of the tree, and adding
    the sums of such blocks by the same tree gives the same bits as adding the vectors.
    """
    count = stop - first
    if count == 1:
        return vector_of(first)
    middle = first + (1 << (count - 1).bit_length() - 1)
    total = tree_sum(vector_of, first, middle)
    total += tree_sum(vector_of, middle, stop)
    return total


class Gradients:
    """Gradients of shards of mini-batches, summed, of one network on one set of samples."""

    def __init__(self, samples: Samples, sizes: Sequence[int], dtype: DTypeLike) -> None:
        self._samples = samples
        self._sizes = sizes
        self._dtype = np.dtype(dtype)
        self._buffers: list[Parameters] = []
        self._workspaces: dict[int, Workspace] = {}  # by the number of samples, of which a run's shards have a few

    def block(
        self, parameters: Parameters, rows: Array, shards: int, first: int = 0, stop: int | None = None
    ) -> tuple[Array, int]:
        """Return the gradient summed over shards `first` to `stop - 1` of a mini-batch, and their samples' number.

        rows: the mini-batch's samples, to be cut into `shards`.  Without `first` and `stop`, all of them count.
        The gradient is flat like `parameters.flat` and valid until the next call.
        """
        bounds = shard_bounds(len(rows), shards)
        stop = len(bounds) - 1 if stop is None else stop

        def shard(number: int) -> Array:
            # The tree holds one finished sum for each 1 bit of the number of shards before this one.
            held = (number - first).bit_count()
            if held == len(self._buffers):
                self._buffers.append(Parameters(self._sizes, self._dtype))
            gradient = self._buffers[held]
            x, y = self._samples.columns(rows[bounds[number] : bounds[number + 1]], self._dtype)
            workspace = self._workspaces.get(x.shape[1]) or self._new_workspace(x.shape[1])
            backprop(parameters.weights, parameters.biases, x, y, gradient.weights, gradient.biases, workspace)
            return gradient.flat

        return tree_sum(shard, first, stop), bounds[stop] - bounds[first]

    def _new_workspace(self, n_samples: int) -> Workspace:
        workspace = self._workspaces[n_samples] = Workspace(self._sizes, n_samples, self._dtype)
        return workspace


def sgd_step(parameters: Parameters, gradient: Array, eta: float, n_samples: int) -> None:
    """Take the step w -= (eta / n_samples) * gradient, in place; `gradient` is used up.

    gradient: summed over the mini-batch's n_samples, flat like `parameters.flat`.
    """
    gradient *= eta / n_samples
    parameters.flat -= gradient


def is_finite(vector: Array) -> bool:
    """Tell whether all numbers in the vector are finite."""
    # The sum of squares is finite only if they are, and is had for a tenth of the price of looking at each.
    return math.isfinite(np.dot(vector, vector)) or bool(np.isfinite(vector).all())


def count_correct(parameters: Parameters, samples: LabelledSamples, chunk: int = 1000) -> int:
    """Return for how many samples the strongest output is that of their class; `chunk` samples at a time."""
    correct = 0
    for start in range(0, len(samples), chunk):
        rows = np.arange(start, min(start + chunk, len(samples)))
        x = samples.inputs(rows, parameters.dtype)
        output = activations(parameters.weights, parameters.biases, x)[-1]
        correct += int(np.count_nonzero(output.argmax(axis=0) == samples.labels[rows]))
    return correct
