"""From a mean gradient to new weights. A new optimizer is a class here and a line in `OPTIMIZERS`.

All of them work element by element, by + - * / and square roots: IEEE 754 rounds these alike on every processor, so
that a step has the same bits however the weights are cut into blocks.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from shared.errors import ConfigError
from shared.types import Array, Vector

# What is remembered from step to step, by its name in a checkpoint: vectors like the weights', or of shape (1,).
OptimizerState = dict[str, Array]


@dataclass(frozen=True)
class Optimizer:
    """A rule for the next weights; its fields are its options."""

    kind: ClassVar[str]

    def initial_state(self, weights: Vector) -> OptimizerState:
        """Return what is remembered before the first step."""
        return {}

    def advance(self, state: OptimizerState) -> None:
        """Begin a step: change in place what the state has of shape (1,)."""

    def shrink(self, learning_rate: float) -> float:
        """Return by what the weights, not the biases, are multiplied before a step."""
        return 1.0

    def step(
        self, weights: Vector, gradient: Vector, state: OptimizerState, learning_rate: float, room: Vector
    ) -> None:
        """Take a step with a block of the weights: change them and their part of the state in place.

        gradient: the mean of the samples' gradients; it is used up.  state: of the block; what has shape (1,) is whole.
        room: memory to compute in. All vectors are as long as the block.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class SGD(Optimizer):
    """w -= learning rate * g."""

    kind: ClassVar[str] = "sgd"

    def step(
        self, weights: Vector, gradient: Vector, state: OptimizerState, learning_rate: float, room: Vector
    ) -> None:
        gradient *= learning_rate
        weights -= gradient


@dataclass(frozen=True)
class Momentum(Optimizer):
    """v = momentum * v + g; w -= learning rate * v.  B. T. Polyak, 1964, with PyTorch's scale."""

    kind: ClassVar[str] = "momentum"
    momentum: float = 0.9

    def __post_init__(self) -> None:
        """Raises ConfigError."""
        _check_below_1(self, "momentum")

    def initial_state(self, weights: Vector) -> OptimizerState:
        return {"velocity": np.zeros_like(weights)}

    def step(
        self, weights: Vector, gradient: Vector, state: OptimizerState, learning_rate: float, room: Vector
    ) -> None:
        velocity = state["velocity"]
        velocity *= self.momentum
        velocity += gradient
        np.multiply(velocity, learning_rate, room)
        weights -= room


@dataclass(frozen=True)
class Nesterov(Optimizer):
    """v = momentum * v + g; w -= learning rate * (g + momentum * v).

    Y. Nesterov, 1983, as I. Sutskever et al., ICML 2013, write it; without momentum there is no v. What is remembered
    is momentum * v, which both lines need: one multiplication less, and not one rounding differs.
    """

    kind: ClassVar[str] = "nesterov"
    momentum: float = 0.9

    def __post_init__(self) -> None:
        """Raises ConfigError."""
        _check_below_1(self, "momentum")

    def initial_state(self, weights: Vector) -> OptimizerState:
        return {"ahead": np.zeros_like(weights)} if self.momentum else {}

    def step(
        self, weights: Vector, gradient: Vector, state: OptimizerState, learning_rate: float, room: Vector
    ) -> None:
        if self.momentum:
            ahead = state["ahead"]
            ahead += gradient
            ahead *= self.momentum
            gradient += ahead
        gradient *= learning_rate
        weights -= gradient


@dataclass(frozen=True)
class RMSprop(Optimizer):
    """s = rho * s + (1 - rho) * g²; w -= learning rate * g / (sqrt(s) + epsilon), with momentum if there is one.

    T. Tieleman and G. Hinton, 2012, as in PyTorch, where rho is alpha. What is remembered is s / (1 - rho), which saves
    a multiplication of each element.
    """

    kind: ClassVar[str] = "rmsprop"
    rho: float = 0.99
    epsilon: float = 1e-8
    momentum: float = 0.0

    def __post_init__(self) -> None:
        """Raises ConfigError."""
        for name in ("rho", "momentum"):
            _check_below_1(self, name)
        _check_epsilon(self.epsilon)

    def initial_state(self, weights: Vector) -> OptimizerState:
        names = ("squares", "velocity") if self.momentum else ("squares",)
        return {name: np.zeros_like(weights) for name in names}

    def step(
        self, weights: Vector, gradient: Vector, state: OptimizerState, learning_rate: float, room: Vector
    ) -> None:
        squares, share = state["squares"], math.sqrt(1 - self.rho)
        np.multiply(gradient, gradient, room)
        squares *= self.rho
        squares += room
        np.sqrt(squares, room)
        room += self.epsilon / share
        gradient /= room
        if self.momentum:
            velocity = state["velocity"]
            velocity *= self.momentum
            velocity += gradient
            np.multiply(velocity, learning_rate / share, gradient)
        else:
            gradient *= learning_rate / share
        weights -= gradient


@dataclass(frozen=True)
class Adam(Optimizer):
    """m = beta1 * m + (1 - beta1) * g; s, of g², likewise; w -= learning rate * m' / (sqrt(s') + epsilon).

    D. P. Kingma and J. Ba, ICLR 2015: m' = m / (1 - beta1^t), s' = s / (1 - beta2^t) in step t. What is remembered are
    m / (1 - beta1) and s / (1 - beta2), which saves two multiplications of each element, and the powers of the betas,
    since a library's `pow` differs between machines.
    """

    kind: ClassVar[str] = "adam"
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        """Raises ConfigError."""
        for name in ("beta1", "beta2"):
            _check_below_1(self, name)
        _check_epsilon(self.epsilon)

    def initial_state(self, weights: Vector) -> OptimizerState:
        sums = {name: np.zeros_like(weights) for name in ("gradients", "squares")}
        return {**sums, "power_of_beta1": np.ones(1), "power_of_beta2": np.ones(1)}

    def advance(self, state: OptimizerState) -> None:
        state["power_of_beta1"] *= self.beta1
        state["power_of_beta2"] *= self.beta2

    def step(
        self, weights: Vector, gradient: Vector, state: OptimizerState, learning_rate: float, room: Vector
    ) -> None:
        gradients, squares = state["gradients"], state["squares"]
        first = (1 - self.beta1) / (1 - float(state["power_of_beta1"][0]))  # m' is so many times what is remembered
        second = math.sqrt((1 - self.beta2) / (1 - float(state["power_of_beta2"][0])))  # and sqrt(s')
        gradients *= self.beta1
        gradients += gradient
        gradient *= gradient
        squares *= self.beta2
        squares += gradient
        np.sqrt(squares, gradient)
        gradient += self.epsilon / second
        np.divide(gradients, gradient, gradient)
        gradient *= learning_rate * first / second
        weights -= gradient


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam, before which each weight (not the biases) is multiplied by 1 - learning rate * weight decay.

    I. Loshchilov and F. Hutter, ICLR 2019.
    """

    kind: ClassVar[str] = "adamw"
    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        """Raises ConfigError."""
        super().__post_init__()
        if not (math.isfinite(self.weight_decay) and self.weight_decay >= 0):
            raise ConfigError("weight_decay", self.weight_decay, "must be a finite number of at least 0")

    def shrink(self, learning_rate: float) -> float:
        return 1 - learning_rate * self.weight_decay


OPTIMIZERS: dict[str, type[Optimizer]] = {kind.kind: kind for kind in (SGD, Momentum, Nesterov, RMSprop, Adam, AdamW)}


def _check_below_1(optimizer: Optimizer, field: str) -> None:
    value = getattr(optimizer, field)
    if not 0 <= value < 1:
        raise ConfigError(field, value, "must be at least 0 and below 1")


def _check_epsilon(epsilon: float) -> None:
    if not (math.isfinite(epsilon) and epsilon > 0):
        raise ConfigError("epsilon", epsilon, "must be a finite number above 0")
