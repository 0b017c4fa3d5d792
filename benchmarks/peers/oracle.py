"""Problems for optimizers and schedules, which PyTorch solves as well. It needs NumPy alone, as the programs do.

Of a problem the cost is that of a valley whose bottom moves: sum of scale * (w - target)² / 2, in each step another
target. So no gradient is like the one before, and what an optimizer remembers decides where it is.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

STEPS, STEPS_PER_EPOCH = 100, 5
SIZES = (5, 4, 1)  # of a network with as many weights; which are weights and which biases decides on penalties
N_WEIGHTS, COUNT = 24, 29
LEARNING_RATE = 0.05
HISTORY = [1.0, 2.0, 2.0, 2.0, 1.0, 3.0, 2.0, 3.0, 3.0, 2.0, 4.0, 4.0, 1.0, 1.0, 1.0, 1.0, 5.0, 5.0, 5.0, 5.0]

_NESTEROV = {"kind": "nesterov", "momentum": 0.9}
CASES: dict[str, dict[str, Any]] = {
    "sgd": {"optimizer": {"kind": "sgd"}},
    "momentum": {"optimizer": {"kind": "momentum", "momentum": 0.9}},
    "nesterov": {"optimizer": _NESTEROV},
    "rmsprop": {"optimizer": {"kind": "rmsprop", "rho": 0.9, "epsilon": 1e-3, "momentum": 0.0}},
    "rmsprop, momentum": {"optimizer": {"kind": "rmsprop", "rho": 0.99, "epsilon": 1e-8, "momentum": 0.5}},
    "adam": {"optimizer": {"kind": "adam", "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}},
    "adam, epsilon": {"optimizer": {"kind": "adam", "beta1": 0.5, "beta2": 0.9, "epsilon": 0.1}},
    "adamw": {"optimizer": {"kind": "adamw", "beta1": 0.9, "beta2": 0.99, "epsilon": 1e-8, "weight_decay": 0.5}},
    "l2": {"optimizer": _NESTEROV, "l2": 0.3},
    "l2, adam": {"optimizer": {"kind": "adam", "beta1": 0.9, "beta2": 0.99, "epsilon": 1e-8}, "l2": 0.3},
    "clip norm": {"optimizer": _NESTEROV, "clip_norm": 0.7},
    "step": {"optimizer": _NESTEROV, "schedule": {"kind": "step", "every": 3, "decay": 0.5}},
    "exponential": {"optimizer": _NESTEROV, "schedule": {"kind": "exponential", "decay": 0.8}},
    "cosine": {"optimizer": _NESTEROV, "schedule": {"kind": "cosine"}},
    "cosine, warm-up": {"optimizer": _NESTEROV, "schedule": {"kind": "cosine", "warm_up": 20}},
    "constant, warm-up": {"optimizer": _NESTEROV, "schedule": {"kind": "constant", "warm_up": 30}},
    "plateau": {"optimizer": _NESTEROV, "schedule": {"kind": "plateau", "decay": 0.3, "patience": 2}},
}


def problem() -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return the first weights and the scale of each, (COUNT,), and the targets, (STEPS, COUNT).

    Of each the weights come first, and then the biases.
    """
    rng = np.random.default_rng(0)
    return rng.standard_normal(COUNT), 0.5 + rng.random(COUNT), rng.standard_normal((STEPS, COUNT))
