"""Native arithmetic: NumPy's, in the dtype that is given. Fast, and the same to the last bit on equal processors."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from shared.nn.activations import Activation
from shared.nn.architecture import Architecture
from shared.nn.grids import Grid
from shared.nn.outputs import Output
from shared.nn.tangents import Scratch
from shared.types import Array, Vector


class Native:
    """Numbers as they are; `shared.nn.arithmetic.Arithmetic` tells what each method is for."""

    any_order = False
    dtypes = ("float32", "float64")
    input_grid: Grid | None = None
    most_samples = 2**63 - 1  # any number

    def __init__(self, architecture: Architecture, dtype: DTypeLike, most_samples: int) -> None:
        """most_samples: of a mini-batch; of no consequence."""
        self.dtype = np.dtype(dtype)
        self._unrounded = [0.0] * (len(architecture.sizes) - 1)

    def weights(self, flat: Vector) -> Vector:
        return flat

    def activate(self, function: Activation | Output, z: Array, scratch: Scratch) -> None:
        function.apply(z)

    def round_inputs(self, x: Array) -> None:
        pass

    def round_outputs(self, a: Array) -> None:
        pass

    def delta_limits(self, weights: Sequence[Array]) -> Sequence[float]:
        return self._unrounded

    def round_delta(self, delta: Array, limit: float) -> None:
        pass

    def coarsest_delta(self, weights: Sequence[Array]) -> float:
        return 0.0
