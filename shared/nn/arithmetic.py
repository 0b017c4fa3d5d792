"""How the sums of a network are formed: by which kernels, in which order, on how many threads. All of them are here.

Sums of floating-point numbers depend on their order, and everything else in a pass is done element by element. So the
bits of a run are decided by this file, and by the fixed tree that adds shards (`shared.parallel.reduction`).
"""

from contextlib import AbstractContextManager
from typing import Protocol

import numpy as np
from threadpoolctl import threadpool_limits

from shared.types import Array


class Arithmetic(Protocol):
    """The sums of a pass through one layer. Each writes into memory that its caller gives."""

    def affine(self, w: Array, a: Array, b: Array, out: Array) -> None:
        """Write w @ a + b, summed over the layer's inputs.

        w: (n_out, n_in).  a: (n_in, n_samples).  b: (n_out, 1).  out: (n_out, n_samples).
        """
        ...

    def gradient(self, delta: Array, a: Array, nabla_w: Array, nabla_b: Array) -> None:
        """Write delta @ a.T and the sum of delta's columns, both summed over the samples.

        delta: (n_out, n_samples).  a: (n_in, n_samples).  nabla_w: (n_out, n_in).  nabla_b: (n_out, 1).
        """
        ...

    def back(self, delta: Array, w: Array, out: Array) -> None:
        """Write (w.T @ delta).T, summed over the layer's outputs, a sample a row.

        delta: (n_out, n_samples).  w: (n_out, n_in).  out: (n_samples, n_in).
        """
        ...


class Native:
    """NumPy's BLAS, in the dtype of its operands: fast, and the same to the last bit on processors of one type."""

    def affine(self, w: Array, a: Array, b: Array, out: Array) -> None:
        np.dot(w, a, out)
        out += b

    def gradient(self, delta: Array, a: Array, nabla_w: Array, nabla_b: Array) -> None:
        np.matmul(delta, a.T, nabla_w)
        # Outputs go by position: at the notebook's size a keyword costs a tenth of the call.
        np.add.reduce(delta, 1, None, nabla_b, keepdims=True)

    def back(self, delta: Array, w: Array, out: Array) -> None:
        np.dot(delta.T, w, out)  # transposed, so that BLAS reads w as it lies


ARITHMETIC: Arithmetic = Native()  # of every network


def quiet() -> AbstractContextManager[None]:
    """Keep NumPy from warning of what is right in a pass, or reported once, by name, when a run diverges."""
    return np.errstate(all="ignore")


def one_thread() -> AbstractContextManager[object]:
    """Have BLAS use one thread, from now on or for the time of a block.

    More would fight over the cores with the other workers, and may add in another order.
    """
    limits: AbstractContextManager[object] = threadpool_limits(1)
    return limits
