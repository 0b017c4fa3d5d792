"""Networks in exact arithmetic."""

from collections.abc import Sequence

import numpy as np

from shared.nn.activations import ACTIVATIONS
from shared.nn.architecture import Architecture
from shared.nn.arithmetic.exact import Exact
from shared.nn.grids import value_grid
from shared.nn.losses import LOSSES
from shared.nn.mlp import MLP
from shared.nn.outputs import OUTPUTS
from shared.nn.parameters import Parameters


def architecture(
    sizes: Sequence[int], activation: str = "sigmoid", output: str = "sigmoid", loss: str = "", **more: float
) -> Architecture:
    """loss: default: the output's own."""
    return Architecture(
        sizes=tuple(sizes),
        activation=ACTIVATIONS[activation],
        output=OUTPUTS[output],
        loss=LOSSES[loss or OUTPUTS[output].loss],
        **more,
    )


def exact(sizes: Sequence[int], most_samples: int, *kinds: str, **more: float) -> Exact:
    """kinds, more: as in `architecture`."""
    return Exact(architecture(sizes, *kinds, **more), np.float64, most_samples)


def exact_mlp(
    sizes: Sequence[int], most_samples: int, *kinds: str, arithmetic: Exact | None = None, **more: float
) -> MLP:
    """arithmetic: default: a new one.  kinds, more: as in `architecture`."""
    return MLP(architecture(sizes, *kinds, **more), arithmetic or exact(sizes, most_samples, *kinds, **more))


def gradient(mlp: MLP, parameters: Parameters, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The gradient of these samples in one piece.  parameters: not yet rounded.  x: on the grid."""
    result = Parameters(mlp.sizes, np.float64)
    mlp.backward(mlp.rounded(parameters), x, y, result)
    return result.flat


def parameters_of(sizes: Sequence[int], seed: int, scale: float = 1.0) -> Parameters:
    """Weights and biases of N(0, scale²)."""
    parameters = Parameters(sizes, np.float64)
    parameters.flat[:] = scale * np.random.default_rng(seed).standard_normal(len(parameters.flat))
    return parameters


def samples_of(sizes: Sequence[int], n_samples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Inputs between -1 and 1, on the grid, with their extremes; and wanted outputs, of which one is 1."""
    rng = np.random.default_rng(seed)
    x = np.clip(rng.uniform(-1.5, 1.5, (sizes[0], n_samples)), -1, 1)
    value_grid(1.0).round(x, x)
    y = np.zeros((sizes[-1], n_samples))
    y[rng.integers(0, sizes[-1], n_samples), np.arange(n_samples)] = 1.0
    return x, y
