"""Exact arithmetic: sums without any rounding, so that no order can change a bit.

Floating-point addition rounds, and what it rounds depends on the order. The order is that of the BLAS kernel, which the
processor chooses, of the threads, and of whoever cut the mini-batch. So here no addition rounds. All numbers that are
multiplied and summed are first rounded to grids, one by one. A grid is the multiples of a power of two:

    numbers            multiples of    at most
    weights, biases    wlim / 2^w      wlim, the power of two at or above the network's largest
    inputs, outputs    alim / 2^18     alim, the range of the data or of the activation: 1 for sigmoid, 64 for ReLU
    deltas             dlim / 2^d      dlim, which is proven from the weights, see below

A product of two such numbers is a whole number of units (the one's unit times the other's): for a weight and an output
at most 2^(w + 18) of them. A sum of n products, any of them and in any order, is a whole number of the same units, at
most n times as many. A float64 has every whole number up to 2^53. So not one addition is rounded in

    W @ a           n_in products         if  w + 18 + log2(n_in) <= 53
    W.T @ delta     n_out products        if  w + d + log2(n_out) <= 53       (from the second layer on)
    delta @ a.T     n_samples products    if  d + 18 + log2(n_samples) <= 53  (and so in the sum of deltas)

Nor is one when the mini-batch is cut anywhere, and the sums of its parts are added in any order: n_samples is that of
the whole. A fused multiply-add, which leaves out a rounding, leaves out none. All that BLAS must do is to multiply and
to add.

No delta exceeds dlim, whatever the samples. In the last layer that is what the loss says of its derivative, 1/4 for
quadratic and sigmoid, 1 for the cross-entropy, times the largest weight of a sample. Before it, |W.T @ delta| is at
most the next layer's dlim times the largest column sum of |W|, and the activation's derivative makes a quarter of that
at most, for the sigmoid; dropout enlarges what it keeps. Rounding cannot cross these limits: they are powers of two,
rounded up. For the same reason they lose some bits a layer: a network with many wide hidden layers has deltas that are
finer than its grid, and does not learn (`coarsest_delta`).

All limits come from weights and sizes, none from samples. So they are the same for each part of a mini-batch, and
nothing has to be checked afterwards or done again. And all that is no such sum (biases are added after it) is done
element by element, by operations that IEEE 754 rounds alike everywhere, and by looking up in tables.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from shared.errors import ConfigError, DivergedError
from shared.nn.activations import Activation
from shared.nn.architecture import Architecture
from shared.nn.grids import OUTPUT_BITS, Grid, bits_of, grid_of, power_above, value_grid
from shared.nn.outputs import Output
from shared.nn.tangents import Scratch
from shared.types import Array, Vector

_FLOAT64 = 53  # bits of a float64: whole numbers up to 2^53 are exact
_FLOAT32 = 24  # of a float32, in which weights travel
_COARSEST = 14  # bits of weights or deltas below which nothing would be learned
_LEAST = 2.0**-64  # of all limits: far below, floats have fewer bits
_LARGEST_SUM = 2.0**44  # to which a bias as large may come, before activations are looked up
_PART = 32_768  # weights that are rounded at a time: they stay in the cache between the two passes


class Exact:
    """Numbers on grids; `shared.nn.arithmetic.Arithmetic` tells what each method is for."""

    any_order = True
    dtypes = ("float64",)

    def __init__(self, architecture: Architecture, dtype: DTypeLike, most_samples: int) -> None:
        """dtype: float64.  most_samples: of a whole mini-batch."""
        self.dtype = np.dtype(np.float64)
        self.most_samples = most_samples
        sizes, activation, loss = architecture.sizes, architecture.activation, architecture.loss
        self.weight_bits, self.delta_bits = bits(sizes, most_samples)
        self._largest_weight = _LARGEST_SUM / 2 ** bits_of(max(sizes)) / architecture.largest_output
        self.input_grid: Grid | None = value_grid(architecture.input_limit)
        self._output_grid = value_grid(architecture.output_limit)
        self._steepest = activation.steepest * power_above(architecture.kept_outputs)
        self._last_limit = power_above(loss.delta_bound(architecture.output) * architecture.sample_weight)
        self._rounded: Vector = np.empty(0)
        self._magnitudes: dict[tuple[int, ...], Array] = {}  # memory, by shape

    def weights(self, flat: Vector) -> Vector:
        largest = max(float(np.maximum.reduce(flat)), -float(np.minimum.reduce(flat)))
        if not largest <= self._largest_weight:  # nor is that a comparison with what is no number
            raise DivergedError(
                f"a weight has grown to {largest:g}, and sums are exact up to {self._largest_weight:g}; "
                "give a smaller learning rate"
            )
        grid = grid_of(math.ldexp(power_above(max(largest, _LEAST)), -self.weight_bits))
        if len(self._rounded) != len(flat):
            self._rounded = np.empty_like(flat)
        for start in range(0, len(flat), _PART):
            grid.round(flat[start : start + _PART], self._rounded[start : start + _PART])
        return self._rounded

    def activate(self, function: Activation | Output, z: Array, scratch: Scratch) -> None:
        function.apply_on_grid(z, scratch)

    def round_inputs(self, x: Array) -> None:
        assert self.input_grid is not None
        self.input_grid.round(x, x)

    def round_outputs(self, a: Array) -> None:
        self._output_grid.round(a, a)

    def delta_limits(self, weights: Sequence[Array]) -> Sequence[float]:
        limits = [self._last_limit]
        for w in weights[:0:-1]:
            if w.shape not in self._magnitudes:
                self._magnitudes[w.shape] = np.empty(w.shape)
            magnitudes = np.abs(w, self._magnitudes[w.shape])
            column = float(np.add.reduce(magnitudes, 0).max())  # exact: weights are on their grid
            limit = power_above(max(column, _LEAST) * self._steepest) * limits[-1]
            limits.append(max(limit, _LEAST))
        return limits[::-1]

    def round_delta(self, delta: Array, limit: float) -> None:
        grid_of(math.ldexp(limit, -self.delta_bits)).round(delta, delta)

    def coarsest_delta(self, weights: Sequence[Array]) -> float:
        """Return the least delta above 0 that the grid of any layer has.  weights: as sums take them."""
        return math.ldexp(max(self.delta_limits(weights)), -self.delta_bits)


def bits(sizes: Sequence[int], most_samples: int) -> tuple[int, int]:
    """Return w and d, the bits of weights and deltas, so that the sums of a network are exact: see above.

    sizes: neurons of each layer, inputs first.  most_samples: of a mini-batch.  w does not depend on them.
    Raises ConfigError if there are so many that too few bits are left.
    """
    both = [_FLOAT64 - bits_of(n_out) for n_out in sizes[2:]]  # what w and d share
    w = min(_FLOAT32, *(_FLOAT64 - OUTPUT_BITS - bits_of(n_in) for n_in in sizes[:-1]), *(each // 2 for each in both))
    d = min([_FLOAT64 - OUTPUT_BITS - bits_of(most_samples), *(each - w for each in both)])
    most, hint = 2 ** (_FLOAT64 - OUTPUT_BITS - _COARSEST), "choose fewer, or native arithmetic"
    if w < _COARSEST:
        raise ConfigError("sizes", ",".join(map(str, sizes)), f"must be at most {most} for exact sums", hint)
    if d < _COARSEST:
        raise ConfigError("mini_batch_size", most_samples, f"must be at most {most} for exact sums", hint)
    return w, d
