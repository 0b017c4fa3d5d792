"""Exact arithmetic once more, number by number, in Python's integers: the truth that it is held against.

Sums are fractions, of integers without a limit, so nothing about their order is taken for granted; each is asked
whether a float64 holds it. Products and roundings of single numbers are Python's floats, which are IEEE 754's.
"""

import math
from collections.abc import Callable
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache

import numpy as np

from shared.nn.parameters import Parameters

OUTPUT_UNIT = Fraction(1, 2**18)
STEP = 128  # tangents a unit of z
REACH = 14
Numbers = list[list[Fraction]]  # a row a neuron, a column a sample


def rounded(value: Fraction | float, unit: Fraction) -> Fraction:
    """The nearest multiple of the unit, half to even."""
    return round(Fraction(value) / unit) * unit


def power_above(value: Fraction) -> Fraction:
    """The smallest power of two that is not below the value."""
    power = Fraction(1)
    while power < value:
        power *= 2
    while power / 2 >= value:
        power /= 2
    return power


@cache
def sigmoid_at(k: int) -> float:
    """The sigmoid at k / 128: the nearest float from 1/2 on, and 1 less that below."""
    if k < 0:
        return 1.0 - sigmoid_at(-k)
    with localcontext() as context:
        context.prec = 60
        return float(1 / (1 + (-Decimal(k) / STEP).exp()))


def tangent(
    z: float, steps: int, reach: int, value_at: Callable[[int], float], slope_of: Callable[[float], float]
) -> Fraction:
    """The tangent at the nearest multiple of 1 / steps, on the grid of outputs; flat beyond -reach … reach."""
    k = round(Fraction(z) * steps)
    if abs(k) >= reach * steps:
        return rounded(value_at(int(math.copysign(reach * steps, k))), OUTPUT_UNIT)
    value = value_at(k)
    slope = slope_of(value)
    constant = value - slope * (k / steps)
    return rounded(slope * z + constant, OUTPUT_UNIT)


def sigmoid(z: float) -> Fraction:
    return tangent(z, STEP, REACH, sigmoid_at, lambda value: value * (1.0 - value))


def tanh(z: float) -> Fraction:
    """2 sigmoid(2z) - 1."""
    return tangent(z, 256, 7, lambda k: 2.0 * sigmoid_at(k) - 1.0, lambda value: 1.0 - value * value)


def clipped(z: float) -> Fraction:
    """z itself, up to ±64, on the grid of what has that limit."""
    return rounded(min(max(z, -64.0), 64.0), 64 * OUTPUT_UNIT)


@cache
def exponential_at(k: int) -> float:
    """exp(-k / 128): the nearest float; 0 from 32 on."""
    with localcontext() as context:
        context.prec = 60
        return float((-Decimal(k) / STEP).exp()) if k < 32 * STEP else 0.0


def exponential(z: float) -> float:
    """exp of a number that is not above 0: the table's, times four terms of the series."""
    z = max(z, -32.0)
    k = round(Fraction(z) * STEP)
    z -= k / STEP
    return exponential_at(-k) * (((z / 6.0 + 0.5) * z + 1.0) * z + 1.0)


def softmax(column: list[float]) -> list[Fraction]:
    most = max(column)
    parts = [rounded(exponential(z - most), Fraction(1, 2**40)) for z in column]
    return [Fraction(float(part) / exactly(sum(parts, Fraction(0)))) for part in parts]


# Of each: the function on the grid, its derivative by its value, and the largest that this can be.
ACTIVATIONS: dict[str, tuple[Callable[[float], Fraction], Callable[[float], float], Fraction]] = {
    "sigmoid": (sigmoid, lambda a: a * (1.0 - a), Fraction(1, 4)),
    "tanh": (tanh, lambda a: 1.0 - a * a, Fraction(1)),
    "relu": (lambda z: clipped(max(z, 0.0)), lambda a: float(a > 0), Fraction(1)),
    "leaky-relu": (lambda z: clipped(max(z, 0.01 * z)), lambda a: 1.0 if a > 0 else 0.01, Fraction(1)),
}
LAST_LIMIT = {"sigmoid, quadratic": Fraction(1, 4), "linear, quadratic": Fraction(128)}  # the others have 1


def exactly(value: Fraction) -> float:
    """The float that is this number. There must be one."""
    assert Fraction(float(value)) == value, "a sum needs more bits than a float64 has"
    return float(value)


def fractions(array: np.ndarray) -> Numbers:
    return [[Fraction(float(value)) for value in row] for row in array]


class Integers:
    """The network of exact arithmetic."""

    def __init__(
        self,
        parameters: Parameters,
        weight_bits: int,
        delta_bits: int,
        activation: str = "sigmoid",
        output: str = "sigmoid",
        loss: str = "quadratic",
    ) -> None:
        """parameters: float64, not yet rounded."""
        largest = max(abs(Fraction(float(value))) for value in parameters.flat)
        unit = power_above(max(largest, Fraction(1, 2**64))) / 2**weight_bits
        self.sizes, self._delta_bits = parameters.sizes, delta_bits
        self._function, self._slope, steepest = ACTIVATIONS[activation]
        self._output, self._loss = output, loss
        self.weights = [[[rounded(v, unit) for v in row] for row in w.tolist()] for w in parameters.weights]
        self.biases = [[rounded(v, unit) for (v,) in b.tolist()] for b in parameters.biases]
        self.limits = [LAST_LIMIT.get(f"{output}, {loss}", Fraction(1))]
        for w in self.weights[:0:-1]:
            column = max(sum(abs(row[k]) for row in w) for k in range(len(w[0])))
            least = Fraction(1, 2**64)
            self.limits.insert(0, max(power_above(max(column, least) * steepest) * self.limits[0], least))

    def forward(self, x: Numbers) -> list[Numbers]:
        """The outputs of all layers, the inputs first."""
        outputs = [x]
        for layer, (w, b) in enumerate(zip(self.weights, self.biases, strict=True)):
            a = outputs[-1]
            sums = [
                [exactly(sum(v * a[k][s] for k, v in enumerate(row))) + float(bias) for s in range(len(a[0]))]
                for row, bias in zip(w, b, strict=True)
            ]
            if layer < len(self.weights) - 1:
                outputs.append([[self._function(z) for z in row] for row in sums])
            elif self._output == "softmax":
                columns = [softmax(list(column)) for column in zip(*sums, strict=True)]
                outputs.append([list(row) for row in zip(*columns, strict=True)])
            else:
                function = sigmoid if self._output == "sigmoid" else clipped
                outputs.append([[function(z) for z in row] for row in sums])
        return outputs

    def deltas(self, outputs: list[Numbers], y: Numbers) -> list[Numbers]:
        """The cost's derivatives by the sums of all layers but the inputs."""
        found: list[Numbers] = []
        for layer in range(len(self.weights) - 1, -1, -1):
            unit = self.limits[layer] / 2**self._delta_bits
            rows = []
            for j, row in enumerate(outputs[layer + 1]):
                deltas = []
                for s, a in enumerate(row):
                    if found:
                        w, after = self.weights[layer + 1], found[0]
                        error = exactly(sum(w[i][j] * after[i][s] for i in range(len(w))))
                        delta = rounded(self._slope(float(a)) * error, unit)
                    else:
                        delta = rounded(self._last_delta(float(a), float(y[j][s])), unit)
                    assert abs(delta) <= self.limits[layer]
                    deltas.append(delta)
                rows.append(deltas)
            found.insert(0, rows)
        return found

    def _last_delta(self, a: float, y: float) -> float:
        match self._output, self._loss:
            case "sigmoid", "quadratic":
                return (a * (1.0 - a)) * (a - y)
            case _, "huber":
                return min(max(a - y, -1.0), 1.0)
            case _:
                return a - y

    def gradient(self, x: Numbers, y: Numbers) -> list[float]:
        """The gradient of all samples, in the order of `Parameters.flat`."""
        outputs = self.forward(x)
        flat: list[float] = []
        for a, deltas in zip(outputs, self.deltas(outputs, y), strict=False):
            flat += [exactly(sum(d * v for d, v in zip(row, inputs, strict=True))) for row in deltas for inputs in a]
            flat += [exactly(sum(row, Fraction(0))) for row in deltas]
        return flat
