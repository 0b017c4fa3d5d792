"""Which numbers the sums of a network are made of. A new arithmetic is a file here and a line in `ARITHMETICS`.

All sums are NumPy's and its BLAS's, in whatever order these like (`shared.nn.mlp`). Their bits depend on that order
unless nothing is rounded: so the arithmetic decides whether a run is the same on every machine.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from threading import Lock
from typing import Any, ClassVar, Protocol

import numpy as np
from threadpoolctl import threadpool_limits

from shared.nn.activations import Activation
from shared.nn.arithmetic.exact import Exact
from shared.nn.arithmetic.native import Native
from shared.nn.grids import Grid
from shared.nn.outputs import Output
from shared.nn.tangents import Scratch
from shared.types import Array, Vector


class Arithmetic(Protocol):
    """The roundings of a pass through a network."""

    any_order: bool  # whether sums are the same in any order, and so a mini-batch may be cut anywhere
    most_samples: int  # of a whole mini-batch, whose sums are as promised
    dtype: np.dtype[Any]  # of weights, gradients and all between them
    input_grid: Grid | None  # that samples are to be rounded to, if there is one

    def weights(self, flat: Vector) -> Vector:
        """Return all weights and biases as sums take them; valid until the next call.

        Raises DivergedError if they have grown too large for that.
        """
        ...

    def activate(self, function: Activation | Output, z: Array, scratch: Scratch) -> None:
        """Replace the sums z, shaped like scratch, by the neurons' outputs."""
        ...

    def round_inputs(self, x: Array) -> None:
        """Replace inputs, of which dropout has changed some, by what further sums take."""
        ...

    def round_outputs(self, a: Array) -> None:
        """Replace outputs of a hidden layer, of which dropout has changed some, by what further sums take."""
        ...

    def delta_limits(self, weights: Sequence[Array]) -> Sequence[float]:
        """Return for every layer what none of its deltas can exceed.  weights: as sums take them."""
        ...

    def round_delta(self, delta: Array, limit: float) -> None:
        """Replace deltas, the cost's derivatives by the sums of a layer, by what further sums take."""
        ...

    def coarsest_delta(self, weights: Sequence[Array]) -> float:
        """Return below what deltas of some layer are lost; 0: nowhere.  weights: as sums take them."""
        ...


ARITHMETICS: dict[str, type[Exact] | type[Native]] = {
    "exact": Exact,
    "native": Native,
}


def quiet() -> AbstractContextManager[None]:
    """Keep NumPy from warning of what is right in a pass, or reported once, by name, when a run diverges."""
    return np.errstate(all="ignore")


def one_thread() -> AbstractContextManager[object]:
    """Have BLAS use one thread, from now on or for the time of a block.

    More would fight over the cores with the other workers, and in native arithmetic may add in another order.
    """
    return threads(1)


def threads(count: int) -> AbstractContextManager[object]:
    """Have BLAS use so many threads, from now on or for the time of a block."""
    return _Threads(count)


class _Threads(AbstractContextManager[object]):
    """A limit of BLAS's threads, which is one of the whole process.

    Where blocks of several threads overlap, what was before the first is there again after the last.
    """

    _lock = Lock()
    _open: ClassVar[list["_Threads"]] = []

    def __init__(self, count: int) -> None:
        with self._lock:
            self._before = threadpool_limits(count)
            self._open.append(self)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            place = self._open.index(self)
            self._open.pop(place)
            if place < len(self._open):  # it has begun within this block, and ends after it
                self._open[place]._before = self._before
            else:
                self._before.restore_original_limits()
