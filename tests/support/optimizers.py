"""The published formulas of optimizers, one weight at a time in Python's floats: slow, and plain to see."""

import math
from collections.abc import Callable, Sequence

from shared.optim.optimizers import SGD, Adam, AdamW, Momentum, Nesterov, Optimizer, RMSprop

# One of each kind, with options that are not the defaults.
TRIED: tuple[Optimizer, ...] = (
    SGD(),
    Momentum(0.8),
    Nesterov(0.8),
    Nesterov(0.0),
    RMSprop(0.9, 1e-4),
    RMSprop(0.95, 1e-3, momentum=0.7),
    Adam(0.8, 0.95, 1e-4),
    AdamW(0.85, 0.9, 1e-3, weight_decay=0.3),
)


def path(
    optimizer: Optimizer, weight: float, gradient: Callable[[float, int], float], rates: Sequence[float]
) -> list[float]:
    """Return a weight after each step.  gradient: of a weight in a step, from 0."""
    take = _FORMULAS[type(optimizer)]
    memory = [0.0, 0.0]
    weights = []
    for t, rate in enumerate(rates):
        weight = take(optimizer, weight, gradient(weight, t), rate, memory, t + 1)
        weights.append(weight)
    return weights


def _sgd(o, w, g, eta, memory, t):
    return w - eta * g


def _momentum(o, w, g, eta, memory, t):
    memory[0] = o.momentum * memory[0] + g
    return w - eta * memory[0]


def _nesterov(o, w, g, eta, memory, t):
    memory[0] = o.momentum * memory[0] + g
    return w - eta * (g + o.momentum * memory[0])


def _rmsprop(o, w, g, eta, memory, t):
    memory[0] = o.rho * memory[0] + (1 - o.rho) * g * g
    memory[1] = o.momentum * memory[1] + g / (math.sqrt(memory[0]) + o.epsilon)
    return w - eta * memory[1]


def _adam(o, w, g, eta, memory, t):
    memory[0] = o.beta1 * memory[0] + (1 - o.beta1) * g
    memory[1] = o.beta2 * memory[1] + (1 - o.beta2) * g * g
    mean, square = memory[0] / (1 - o.beta1**t), memory[1] / (1 - o.beta2**t)
    return w - eta * mean / (math.sqrt(square) + o.epsilon)


def _adamw(o, w, g, eta, memory, t):
    return _adam(o, w - eta * o.weight_decay * w, g, eta, memory, t)


_FORMULAS = {SGD: _sgd, Momentum: _momentum, Nesterov: _nesterov, RMSprop: _rmsprop, Adam: _adam, AdamW: _adamw}
