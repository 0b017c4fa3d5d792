"""Costs by their definitions, without any grid."""

import numpy as np


def cost(output: str, loss: str, a: np.ndarray, y: np.ndarray) -> float:
    """The cost of outputs a, where y were wanted, summed over the samples."""
    match output, loss:
        case _, "quadratic":
            return float(((a - y) ** 2).sum() / 2)
        case "softmax", "cross-entropy":
            return float(-(y * np.log(a)).sum())
        case "sigmoid", "cross-entropy":
            return float(-(y * np.log(a) + (1 - y) * np.log(1 - a)).sum())
        case "linear", "huber":
            distance = np.abs(a - y)
            return float(np.where(distance <= 1, distance**2 / 2, distance - 0.5).sum())
    raise ValueError(f"no cost of {output} outputs is called {loss}")


def wanted(output: str, n_outputs: int, n_samples: int, seed: int) -> np.ndarray:
    """What could be wanted of such outputs: of a softmax, probabilities that add up to 1."""
    y = np.random.default_rng(seed).uniform(0.05, 0.95, (n_outputs, n_samples))
    return y / y.sum(0) if output == "softmax" else y
