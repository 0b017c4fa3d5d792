"""Exact arithmetic once more, number by number, in Python's integers: the truth that it is held against.

Sums are fractions, of integers without a limit, so nothing about their order is taken for granted; each is asked
whether a float64 holds it. Products and roundings of single numbers are Python's floats, which are IEEE 754's.
"""

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


def sigmoid(z: float) -> Fraction:
    """The tangent at the nearest multiple of 1/128, on the grid of outputs."""
    k = round(Fraction(z) * STEP)
    if abs(k) >= REACH * STEP:
        return Fraction(int(k > 0))
    value = sigmoid_at(k)
    slope = value * (1.0 - value)
    constant = value - slope * (k / STEP)
    return rounded(slope * z + constant, OUTPUT_UNIT)


def exactly(value: Fraction) -> float:
    """The float that is this number. There must be one."""
    assert Fraction(float(value)) == value, "a sum needs more bits than a float64 has"
    return float(value)


def fractions(array: np.ndarray) -> Numbers:
    return [[Fraction(float(value)) for value in row] for row in array]


class Integers:
    """The network of exact arithmetic with sigmoid and quadratic cost."""

    def __init__(self, parameters: Parameters, weight_bits: int, delta_bits: int) -> None:
        """parameters: float64, not yet rounded."""
        largest = max(abs(Fraction(float(value))) for value in parameters.flat)
        unit = power_above(max(largest, Fraction(1, 2**64))) / 2**weight_bits
        self.sizes, self._delta_bits = parameters.sizes, delta_bits
        self.weights = [[[rounded(v, unit) for v in row] for row in w.tolist()] for w in parameters.weights]
        self.biases = [[rounded(v, unit) for (v,) in b.tolist()] for b in parameters.biases]
        self.limits = [Fraction(1, 4)]
        for w in self.weights[:0:-1]:
            column = max(sum(abs(row[k]) for row in w) for k in range(len(w[0])))
            least = Fraction(1, 2**64)
            self.limits.insert(0, max(power_above(max(column, least) / 4) * self.limits[0], least))

    def forward(self, x: Numbers) -> list[Numbers]:
        """The outputs of all layers, the inputs first."""
        outputs = [x]
        for w, b in zip(self.weights, self.biases, strict=True):
            a = outputs[-1]
            sums = [
                [exactly(sum(v * a[k][s] for k, v in enumerate(row))) + float(bias) for s in range(len(a[0]))]
                for row, bias in zip(w, b, strict=True)
            ]
            outputs.append([[sigmoid(z) for z in row] for row in sums])
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
                    else:
                        error = exactly(a - y[j][s])
                    delta = rounded(exactly(a * (1 - a)) * error, unit)
                    assert abs(delta) <= self.limits[layer]
                    deltas.append(delta)
                rows.append(deltas)
            found.insert(0, rows)
        return found

    def gradient(self, x: Numbers, y: Numbers) -> list[float]:
        """The gradient of all samples, in the order of `Parameters.flat`."""
        outputs = self.forward(x)
        flat: list[float] = []
        for a, deltas in zip(outputs, self.deltas(outputs, y), strict=False):
            flat += [exactly(sum(d * v for d, v in zip(row, inputs, strict=True))) for row in deltas for inputs in a]
            flat += [exactly(sum(row, Fraction(0))) for row in deltas]
        return flat
